//! What the processes that cargo starts for us have to know, and where cargo finds them.
//!
//! cargo is told to call this very program as a wrapper of rustc, as the runner of test binaries, and as rustdoc. Which of them it is
//! called as is told by its name: each is a link to it, in a folder whose name changes with the harness. cargo takes the path of
//! a workspace's wrapper into account when it asks whether something has to be built anew; so a new harness is linked in, and nothing
//! else makes a difference.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::problem::Problem;
use super::source;

/// The variable that carries the orders. No name with `SNOUT_`: the harness refuses those that it does not know.
pub(super) const VARIABLE: &str = "__CARGO_SNOUT";

/// What this program is called as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// `RUSTC_WORKSPACE_WRAPPER` of the user's build.
    Rustc,
    /// `RUSTC_WRAPPER` of the harness's build.
    HarnessRustc,
    /// The runner of test binaries, which runs none but writes down how it was called.
    Runner,
    /// The same in place of rustdoc.
    Rustdoc,
}

const ROLES: [(Role, &str); 4] = [
    (Role::Rustc, "snout-rustc"),
    (Role::HarnessRustc, "snout-harness-rustc"),
    (Role::Runner, "snout-runner"),
    (Role::Rustdoc, "snout-rustdoc"),
];

impl Role {
    /// The role that a program of this path has; `None` for the subcommand itself.
    pub(super) fn of(program: &OsStr) -> Option<Role> {
        let name = Path::new(program).file_name()?;
        ROLES.iter().find(|(_, known)| name == *known).map(|(role, _)| *role)
    }

    fn name(self) -> &'static str {
        ROLES.iter().find(|(role, _)| *role == self).map_or("", |(_, name)| name)
    }
}

/// Links to this program, one for each role.
pub(super) struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Makes the links, unless they are there.
    ///
    /// cargo keeps what the compiler says of itself, an error too, by the path of the wrapper, and does not see which one comes behind ours:
    /// with another, ours has another path.
    pub(super) fn prepare(next_wrapper: Option<&OsStr>) -> Result<Tools, Problem> {
        let program = env::current_exe().map_err(|error| {
            Problem::new(format!("cannot find this program's own path: {error}; is /proc mounted?"))
        })?;
        let home = cargo_home().ok_or_else(|| {
            Problem::new(
                "neither CARGO_HOME nor HOME is set: set one of them to a folder that can be written to",
            )
        })?;
        let all = home.join("snout");
        let folder = all.join(number_of(&(&program, source::number())));
        if !folder.exists() {
            remove_outdated(&all, (&program, &folder));
        }
        let folder = match next_wrapper {
            Some(wrapper) => folder.join(number_of(&(wrapper, modified(wrapper)))),
            None => folder,
        };
        fs::create_dir_all(&folder).map_err(|error| Problem::path("make", &folder, &error))?;
        for (_, name) in ROLES {
            let link = folder.join(name);
            point(&link, &program).map_err(|error| Problem::path("make", &link, &error))?;
        }
        Ok(Tools { folder })
    }

    /// The path by which cargo calls this program in a role.
    pub(super) fn path(&self, role: Role) -> PathBuf {
        self.folder.join(role.name())
    }
}

/// When the program that this word stands for was changed the last time; `None` if there is none.
fn modified(program: &OsStr) -> Option<SystemTime> {
    let folders = env::var_os("PATH").unwrap_or_default();
    // A path is no name in a folder of these, and `join` leaves one that is absolute as it is.
    let is_path = Path::new(program).components().count() > 1;
    let mut folders = env::split_paths(&folders).filter(|_| !is_path).chain([PathBuf::new()]);
    folders.find_map(|folder| fs::metadata(folder.join(program)).ok()?.modified().ok())
}

/// Removes the links that earlier builds of this very program have made; not those that another process of this build is just making.
fn remove_outdated(all: &Path, (program, current): (&Path, &Path)) {
    for entry in fs::read_dir(all).into_iter().flatten().flatten().filter(|entry| entry.path() != current) {
        if fs::read_link(entry.path().join(Role::Rustc.name())).is_ok_and(|found| found == program) {
            // Somebody else may be at it; what is left is in nobody's way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Makes `link` lead to `program`. Others may be about the same.
fn point(link: &Path, program: &Path) -> io::Result<()> {
    if fs::read_link(link).is_ok_and(|found| found == program) {
        return Ok(());
    }
    let mut draft = link.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    symlink(program, &draft)?;
    fs::rename(draft, link)
}

/// cargo's own folder.
pub(super) fn cargo_home() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    home.or_else(|| Some(env::home_dir()?.join(".cargo")))
}

/// Sixteen hexadecimal digits that stand for a value.
pub(super) fn number_of(value: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// What processes that cargo starts for us are to do.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Orders {
    /// The folder with the links.
    pub(super) tools: PathBuf,
    /// The wrapper that would have been called in place of ours.
    pub(super) next_wrapper: Option<String>,
    /// Where cargo was called: its configuration is looked for from there upwards.
    pub(super) folder: PathBuf,
    /// Values of cargo's `--config`.
    pub(super) config: Vec<String>,
    /// Further flags for building the harness.
    pub(super) flags: Vec<String>,
    /// A number that changes with cargo's configuration.
    pub(super) configuration: String,
    /// Where calls are written down.
    pub(super) calls: PathBuf,
}

impl Orders {
    pub(super) fn new(tools: &Tools, calls: &Path) -> Orders {
        Orders { tools: tools.folder.clone(), calls: calls.to_owned(), ..Orders::default() }
    }

    /// Those of this process, which cargo has started.
    pub(super) fn received() -> Option<Orders> {
        serde_json::from_slice(env::var_os(VARIABLE)?.as_encoded_bytes()).ok()
    }

    pub(super) fn text(&self) -> OsString {
        serde_json::to_string(self).map_or_else(|_| OsString::new(), OsString::from)
    }

    /// Where the source of the harness is unpacked.
    pub(super) fn source(&self) -> PathBuf {
        self.tools.join("source")
    }

    /// The path by which cargo calls this program in a role.
    pub(super) fn tool(&self, role: Role) -> PathBuf {
        self.tools.join(role.name())
    }
}

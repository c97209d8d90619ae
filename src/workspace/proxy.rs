//! Programs that rustup stands in for: what is called `rustdoc` finds out which toolchain is meant and calls that one's, which takes 20 ms.
//! cargo calls the toolchain's own where it can tell, and so does this.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

/// What to call for a program of the toolchain's that nobody has named another one for.
pub(super) fn program(name: &str) -> OsString {
    let known = || {
        // rustup has chosen a toolchain for this very process.
        env::var_os("RUSTUP_TOOLCHAIN")?;
        let folders = env::var_os("PATH")?;
        let found = env::split_paths(&folders).find(|folder| folder.join(name).is_file())?;
        let cargo = env::var_os("CARGO")?;
        behind(&found, name, Path::new(&cargo))
    };
    known().unwrap_or_else(|| name.into())
}

/// What rustup would call in place of the program in this folder, for the toolchain that this cargo is of; `None` if the program is not
/// rustup's.
fn behind(folder: &Path, name: &str, cargo: &Path) -> Option<OsString> {
    let length = |path: &Path| Some(fs::metadata(path).ok()?.len());
    // A link to it, of one kind or the other, as cargo tells it, too.
    if length(&folder.join(name))? != length(&folder.join("rustup"))? {
        return None;
    }
    let own = cargo.parent()?.join(name);
    own.is_file().then(|| own.into_os_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_where_rustup_stands_in_is_the_toolchain_s_own_program_called() {
        let base = env::temp_dir().join(format!("snout-proxy-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let path = base.join(path);
            fs::create_dir_all(path.parent().expect("below the base")).expect("a folder");
            fs::write(&path, text).expect("a file");
        };
        write("bin/rustup", "rustup");
        write("bin/rustdoc", "rustup");
        write("own/rustdoc", "somebody's");
        write("toolchain/bin/rustdoc", "the toolchain's");
        let cargo = base.join("toolchain/bin/cargo");
        let own = base.join("toolchain/bin/rustdoc").into_os_string();
        assert_eq!(behind(&base.join("bin"), "rustdoc", &cargo), Some(own));
        assert_eq!(behind(&base.join("own"), "rustdoc", &cargo), None, "there is no rustup");
        write("own/rustup", "rustup");
        assert_eq!(behind(&base.join("own"), "rustdoc", &cargo), None, "it is another program");
        assert_eq!(behind(&base.join("bin"), "rustdoc", &base.join("elsewhere/cargo")), None);
        fs::remove_dir_all(&base).expect("what was made");
    }
}

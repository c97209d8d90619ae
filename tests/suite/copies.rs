//! What a process that is made for one test has copies of.

use std::fs;
use std::process::Stdio;

use crate::expect::Mode;
use crate::process;
use crate::rig::Program;

/// The most pages of memory that the run's fork server has had to itself, each of which is an entry that is made for every child and
/// taken away again.
fn pages_of_fork_server(filters: &[&str]) -> u64 {
    let mut most = 0;
    let mut command = Program::named("many").in_mode(Mode::Isolated, 1).args(filters).into_command();
    let watch = |supervisor| {
        most = most.max(own_pages_of_children(supervisor));
        true
    };
    process::run_watching(command.stdout(Stdio::null()), watch).expect_code(0);
    assert!(most > 0, "nobody has seen the fork server");
    most
}

/// Nothing, if there is nobody.
fn own_pages_of_children(pid: u32) -> u64 {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    children.split_whitespace().filter_map(own_pages).sum()
}

fn own_pages(pid: &str) -> Option<u64> {
    // In pages: `SIZE RESIDENT SHARED …`.
    let sizes = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let sizes: Vec<u64> = sizes.split_whitespace().map_while(|size| size.parse().ok()).collect();
    Some(sizes.get(1)? - sizes.get(2)?)
}

#[test]
fn a_child_has_no_copy_of_what_is_known_of_other_tests() {
    let few = pages_of_fork_server(&["m0::m1::m2"]);
    let many = pages_of_fork_server(&["m0::m1", "m2::m3", "m4::m5", "m6::m7"]);
    // Some two thousand tests more. A list of them with what is known of each takes 70 pages, and the queue of them half as many.
    assert!(many < few + 30, "{few} pages with few tests, {many} with many");
}

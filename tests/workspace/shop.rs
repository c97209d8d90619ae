//! A workspace with a bit of everything: libraries with doctests, a binary, integration tests, a target without a harness, a build
//! script, a proc macro, and a dependency that is no member.

use crate::rig::Workspace;

const ROOT: &str = r#"
[workspace]
members = ["shop", "cart", "names"]
resolver = "3"
exclude = ["coins"]
"#;

const SHOP: &str = r#"
[package]
name = "shop"
version = "1.2.3"
edition = "2021"
description = "sells"

[[test]]
name = "custom"
harness = false

[[bin]]
name = "till"
path = "src/till.rs"

[dependencies]
coins = { path = "../coins" }
"#;

const SHOP_LIB: &str = r#"
/// ```
/// assert_eq!(shop::price(2), 6);
/// ```
///
/// ```should_panic
/// shop::price(1_000_000_000);
/// ```
pub fn price(count: i32) -> i32 { coins::worth() * count.checked_mul(1_000_000).map(|_| count).unwrap() }

#[cfg(test)]
mod tests {
    #[test] fn price_of_two() { assert_eq!(super::price(2), 6) }
    #[test] fn price_of_three_is_wrong() { println!("three cost {}", super::price(3)); assert_eq!(super::price(3), 10) }
    #[test] #[should_panic] fn price_of_too_many() { super::price(i32::MAX); }
    #[test] #[ignore = "takes long"] fn price_of_all() {}
    #[test] fn greeting_of_the_build_script() { assert_eq!(env!("GREETING"), "hello there") }
    #[test] fn generated() { assert_eq!(include!(concat!(env!("OUT_DIR"), "/answer.rs")), 42) }
}
"#;

const SHOP_BUILD: &str = r#"
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=GREETING=hello there");
    let out = std::path::PathBuf::from(std::env::var_os("OUT_DIR").unwrap());
    std::fs::write(out.join("answer.rs"), "42").unwrap();
}
"#;

const SHOP_TILL: &str = r#"
fn main() { println!("{}", shop::price(1)) }
#[test] fn till_has_a_test() {}
"#;

const SHOP_API: &str = r#"
#[test] fn till_prints_a_price() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_till")).output().unwrap();
    assert_eq!(output.stdout, b"3\n");
}
#[test] fn files_of_the_package_are_here() { assert!(std::path::Path::new("src/till.rs").exists()) }
#[test] fn environment() {
    let Some(path) = std::env::var_os("TELL_ENVIRONMENT") else { return };
    let mut text = format!("folder={}\n", std::env::current_dir().unwrap().display());
    let mut all: Vec<_> = std::env::vars().collect();
    all.sort();
    all.into_iter().for_each(|(name, value)| text.push_str(&format!("{name}={value}\n")));
    std::fs::write(path, text).unwrap();
}
"#;

const SHOP_CUSTOM: &str = r#"
fn main() { println!("custom was here"); std::process::exit(if std::env::var_os("CUSTOM_FAILS").is_some() { 3 } else { 0 }) }
"#;

const CART: &str = r#"
[package]
name = "cart"
version = "0.1.0"
edition = "2024"

[dependencies]
shop = { path = "../shop" }
names = { path = "../names" }
"#;

const CART_LIB: &str = r#"
#![no_std]
//! ```
//! assert_eq!(cart::NAME, "cart");
//! ```
pub const NAME: &str = names::lower!(CART);
#[test] fn cart_is_named_by_a_macro() { assert_eq!(NAME, "cart") }
"#;

const NAMES: &str = r#"
[package]
name = "names"
version = "0.1.0"
edition = "2021"

[lib]
proc-macro = true
"#;

const NAMES_LIB: &str = r#"
use proc_macro::TokenStream;
#[proc_macro]
pub fn lower(name: TokenStream) -> TokenStream { quoted(&name.to_string()).parse().unwrap() }
fn quoted(name: &str) -> String { format!("{:?}", name.to_lowercase()) }
#[test] fn names_are_quoted() { assert_eq!(quoted("A"), "\"a\"") }
"#;

const COINS: &str = r#"
[package]
name = "coins"
version = "0.1.0"
edition = "2021"
[workspace]
"#;

/// The workspace, under a name of the caller's, so that no two tests build the same: cargo names what it builds by names, versions and places
/// in the workspace, and all of them share a target folder.
pub(crate) fn shop(name: &str) -> Workspace {
    let own = |manifest: &str| {
        let line = manifest.lines().find(|line| line.starts_with("version = ")).expect("a version");
        manifest.replace(line, &format!("{}+{name}\"", line.trim_end_matches('"')))
    };
    let [shop, cart, names, coins] = [SHOP, CART, NAMES, COINS].map(own);
    Workspace::with(
        name,
        &[
            ("Cargo.toml", ROOT),
            ("shop/Cargo.toml", &shop),
            ("shop/src/lib.rs", SHOP_LIB),
            ("shop/src/till.rs", SHOP_TILL),
            ("shop/build.rs", SHOP_BUILD),
            ("shop/tests/api.rs", SHOP_API),
            ("shop/tests/custom.rs", SHOP_CUSTOM),
            ("cart/Cargo.toml", &cart),
            ("cart/src/lib.rs", CART_LIB),
            ("names/Cargo.toml", &names),
            ("names/src/lib.rs", NAMES_LIB),
            ("coins/Cargo.toml", &coins),
            ("coins/src/lib.rs", "pub fn worth() -> i32 { 3 }\n"),
        ],
    )
}

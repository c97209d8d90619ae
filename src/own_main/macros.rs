//! `tests!` and `main!`, for targets with `harness = false`.

/// Declares tests in a target with `harness = false`, whose `main` is [`main!`](crate::main!). What `#[test]` means elsewhere, it means
/// here.
///
/// ```standalone_crate
/// # macro_rules! rustdoc_makes_no { ($($main:tt)*) => {} }
/// # rustdoc_makes_no! { fn main() {} }
/// snout::tests! {
///     use std::num::ParseIntError;
///
///     #[test]
///     fn adds() -> Result<(), ParseIntError> {
///         assert_eq!("2".parse::<i32>()? + 2, 4);
///         Ok(())
///     }
///
///     mod negative {
///         #[test]
///         #[should_panic(expected = "InvalidDigit")]
///         fn is_no_u32() {
///             "-2".parse::<u32>().unwrap();
///         }
///
///         #[test]
///         #[ignore = "needs a negative number of processors"]
///         fn runs_backwards() {}
///     }
/// }
///
/// snout::main!();
/// ```
///
/// It stands where its content would stand: in a module once, with all of the module in it or a part. These are found in it:
///
/// - functions with `#[test]`, and `#[ignore]`, `#[should_panic]`, `#[cfg]`, `#[cfg_attr]` on them;
/// - [`fixture!`](crate::fixture!), [`context!`](crate::context!), [`cases!`](crate::cases!) and [`plugin!`](crate::plugin!), by these
///   names;
/// - modules: `mod inner { … }` with whatever of these it has; `mod other;`, where the file has a `tests!` of its own.
///
/// Nothing of that is found outside: rustc drops a `#[test]` there, without a word. Of a `tests!` that is named nowhere, neither in
/// `main!` nor in the module around it, the compiler warns: a "variant" with the name of its first function is "never constructed".
///
/// What makes a `#[test]` of its own is refused, for it would be lost: attributes like `#[tokio::test]`, macros like `proptest!`.
///
/// Hundreds of items in one module may reach the compiler's limit; its advice to raise `recursion_limit` is good.
#[expect(clippy::test_attr_in_doctest, reason = "here they are executed")]
#[macro_export]
macro_rules! tests {
    ($($items:tt)*) => {
        // Of the two harnesses one sees this, and it is the wrong one.
        #[::core::prelude::v1::test]
        fn __snout_harness() {
            const _: () = ::core::panic!(
                "`tests!` is for targets without rustc's harness: write `harness = false` for this target in Cargo.toml"
            );
        }

        $crate::__tests! { [] $($items)* }
    };
}

/// Makes the `main` of a target with `harness = false`, which runs what [`tests!`](crate::tests!) declares: in the root of the crate, in
/// the modules written or named in that, and in the modules that are named here.
///
/// ```standalone_crate
/// # macro_rules! rustdoc_makes_no { ($($main:tt)*) => {} }
/// # rustdoc_makes_no! { fn main() {} }
/// mod parser {
///     snout::tests! {
///         #[test]
///         fn parses() {}
///     }
/// }
///
/// mod printer {
///     pub mod pretty {
///         snout::tests! {
///             #[test]
///             fn prints() {}
///         }
///     }
/// }
///
/// snout::main!(parser, printer::pretty);
/// ```
///
/// It stands in the root of the crate. The program is then a test binary like any other: command line, variables, output and exit
/// codes are those of libtest. In Cargo.toml:
///
/// ```toml
/// [[test]]
/// name = "it"
/// harness = false
///
/// [dev-dependencies]
/// snout = "0.1"
/// ```
#[expect(clippy::test_attr_in_doctest, reason = "here they are executed")]
#[macro_export]
macro_rules! main {
    () => {
        fn main() -> $crate::ExitCode {
            let mut tests = $crate::__declare::Tests::none();
            __snout_tests(&mut tests);
            $crate::__declare::run(tests, ::core::file!(), ::core::cfg!(panic = "abort"))
        }
    };
    ($($($module:ident)::+),+ $(,)?) => {
        fn main() -> $crate::ExitCode {
            let mut tests = $crate::__declare::Tests::none();
            {
                // Who is found in the inner block, by the glob, goes before who is found in the outer.
                #[allow(unused_imports)]
                use $crate::__declare::no_tests as __snout_tests;
                {
                    #[allow(unused_imports)]
                    use self::*;
                    __snout_tests(&mut tests);
                }
            }
            $( $($module)::+::__snout_tests(&mut tests); )+
            $crate::__declare::run(tests, ::core::file!(), ::core::cfg!(panic = "abort"))
        }
    };
}

//! `fixture!` and `context!`: what modules say about their tests. Declarative, for a procedural macro would cost every user's
//! build.

/// Declares a fixture of the module it stands in: a function that gives tests of this module, and of those below it, a value.
///
/// ```no_run
/// # struct Db; struct TempDir; struct Server;
/// # impl Db { fn open_temp() -> std::io::Result<Db> { Ok(Db) } fn close(self) {} }
/// snout::fixture! {
///     /// Once for the module: its tests are one unit, in a process of their own, in source order.
///     fn db() -> std::io::Result<Db> { Db::open_temp() }
///     teardown(db) { db.close() }
/// }
/// snout::fixture! { split fn scratch() -> TempDir { TempDir } } // an instance for each unit, here: for each test
/// snout::fixture! { shared fn server() -> Server { Server } }   // once for the run, before any test that needs it
/// ```
///
/// The function returns a [`Fixture`](crate::Fixture), which dereferences to the value. One that is written to return a `Result`
/// gives the value itself; its error, a panic, or a [`skip!`](crate::skip!) in it hold for every test that needs the fixture. The
/// value is dropped when the unit is done, or given to `teardown`, if there is one. A fixture that another one calls is set up first.
#[macro_export]
macro_rules! fixture {
    ($(#[$meta:meta])* $vis:vis fn $($rest:tt)+) => {
        $crate::__fixture! { (Unit [$(#[$meta])*] [$vis]) $($rest)+ }
    };
    ($(#[$meta:meta])* $vis:vis split fn $($rest:tt)+) => {
        $crate::__fixture! { (Split [$(#[$meta])*] [$vis]) $($rest)+ }
    };
    ($(#[$meta:meta])* $vis:vis shared fn $($rest:tt)+) => {
        $crate::__fixture! { (Shared [$(#[$meta])*] [$vis]) $($rest)+ }
    };
    ($(#[$meta:meta])* split $vis:vis fn $($rest:tt)+) => {
        $crate::__fixture! { (Split [$(#[$meta])*] [$vis]) $($rest)+ }
    };
    ($(#[$meta:meta])* shared $vis:vis fn $($rest:tt)+) => {
        $crate::__fixture! { (Shared [$(#[$meta])*] [$vis]) $($rest)+ }
    };
}

/// Declares tests that are known only when the program runs: one for each name and value that an iterator gives.
///
/// ```no_run
/// # use std::path::PathBuf;
/// # fn files(_: &str) -> Vec<(String, PathBuf)> { Vec::new() }
/// snout::cases! {
///     /// `parses::a.toml`, `parses::b.toml`, …
///     fn parses(path: PathBuf) { assert!(path.exists()) }
///     from files("data")
/// }
/// ```
///
/// Each is a test like any other: listed, filtered, dispatched, timed and reported by itself. The iterator runs once, before any
/// test and any fixture, in a process that those of the tests are forked from; if it panics, that is one more error, and the tests
/// before it count. Names are used as they come; the same name a second time gets a number.
#[macro_export]
macro_rules! cases {
    ($(#[$meta:meta])* fn $name:ident($value:ident: $type:ty $(,)?) $(-> $returned:ty)? $body:block from $values:expr) => {
        $crate::__hidden_test! { $name declare_cases }

        impl $crate::__declare::Generate for $name::Defined {
            type Value = $type;
            const NAME: &'static str = ::core::stringify!($name);

            fn values() -> &'static $crate::__declare::Values<$type> {
                static VALUES: $crate::__declare::Values<$type> = $crate::__declare::Values::none();
                &VALUES
            }

            fn generate() -> ::std::boxed::Box<
                dyn ::core::iter::Iterator<Item = (::std::string::String, $type)>,
            > {
                <$name::Defined>::generate()
            }

            fn run(value: $type) -> ::core::result::Result<(), ::std::string::String> {
                $crate::assert_test_result($crate::__declare::short_backtrace_with(<$name::Defined>::run, value))
            }
        }

        // What the user wrote is called as these, and not in the middle of the above: so their frames have names to be read.
        impl $name::Defined {
            fn generate() -> ::std::boxed::Box<
                dyn ::core::iter::Iterator<Item = (::std::string::String, $type)>,
            > {
                let named = |(name, value)| (::std::string::ToString::to_string(&name), value);
                ::std::boxed::Box::new(::core::iter::Iterator::map(
                    ::core::iter::IntoIterator::into_iter($values),
                    named,
                ))
            }

            $(#[$meta])*
            fn run($value: $type) $(-> $returned)? $body
        }
    };
}

/// Declares a plugin: a static of a type that implements [`Plugin`](crate::Plugin), which hears of every test of the binary.
///
/// ```no_run
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// struct Slow {
///     tests: AtomicUsize,
/// }
///
/// impl snout::Plugin for Slow {
///     fn report(&self, run: &snout::RunReport<'_>) -> String {
///         let slow = run.tests.iter().filter(|test| test.elapsed.as_secs() >= 1).count();
///         format!("{slow} tests took a second or longer")
///     }
/// }
///
/// snout::plugin! { static SLOW: Slow = Slow { tests: AtomicUsize::new(0) }; }
/// ```
#[macro_export]
macro_rules! plugin {
    ($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty = $value:expr $(;)?) => {
        $(#[$meta])*
        $vis static $name: $type = $value;

        $crate::__hidden_test! { $name declare_plugin }

        impl $crate::__declare::Plug for $name::Defined {
            const NAME: &'static str = ::core::stringify!($name);

            fn plugin() -> &'static dyn $crate::Plugin {
                &$name
            }
        }
    };
}

/// The module of a definition's name: what it defines is `Defined` there, and a hidden test tells the harness of it.
#[doc(hidden)]
#[macro_export]
macro_rules! __hidden_test {
    ($name:ident $declare:ident) => {
        #[doc(hidden)]
        #[allow(non_snake_case)]
        mod $name {
            pub(super) struct Defined;

            #[::core::prelude::v1::test]
            fn __snout() {
                $crate::__declare::$declare::<Defined>();
            }
        }
    };
}

/// Takes a fixture's type apart: what a function that returns a `Result` gives is the value in it.
#[doc(hidden)]
#[macro_export]
macro_rules! __fixture {
    ($head:tt $name:ident() -> Result<$ok:ty $(, $error:ty)? $(,)?> $body:block $($tail:tt)*) => {
        $crate::__define_fixture! { $head $name ($ok) (Result<$ok $(, $error)?>) fallible $body $($tail)* }
    };
    ($head:tt $name:ident() -> $a:ident::Result<$ok:ty $(, $error:ty)? $(,)?> $body:block $($tail:tt)*) => {
        $crate::__define_fixture! { $head $name ($ok) ($a::Result<$ok $(, $error)?>) fallible $body $($tail)* }
    };
    ($head:tt $name:ident() -> $a:ident::$b:ident::Result<$ok:ty $(, $error:ty)? $(,)?> $body:block $($tail:tt)*) => {
        $crate::__define_fixture! { $head $name ($ok) ($a::$b::Result<$ok $(, $error)?>) fallible $body $($tail)* }
    };
    ($head:tt $name:ident() -> ::$a:ident::$b:ident::Result<$ok:ty $(, $error:ty)? $(,)?> $body:block $($tail:tt)*) => {
        $crate::__define_fixture! { $head $name ($ok) (::$a::$b::Result<$ok $(, $error)?>) fallible $body $($tail)* }
    };
    ($head:tt $name:ident() -> $value:ty $body:block $($tail:tt)*) => {
        $crate::__define_fixture! { $head $name ($value) ($value) plain $body $($tail)* }
    };
    ($head:tt $name:ident() $body:block $($tail:tt)*) => {
        $crate::__define_fixture! { $head $name (()) (()) plain $body $($tail)* }
    };
}

/// Makes a fixture of its parts: the function that users call; what defines it; and, in a module of the same name, the hidden test
/// by which the harness comes to know of it. Bodies stay at the place where they were written, so that `super::` means what it says.
#[doc(hidden)]
#[macro_export]
macro_rules! __define_fixture {
    (
        ($mode:ident [$($meta:tt)*] [$vis:vis]) $name:ident ($value:ty) ($returned:ty) $kind:ident $body:block
        $(teardown($given:pat) $tear_down:block)? $(;)?
    ) => {
        $($meta)*
        #[allow(dead_code)]
        #[track_caller]
        $vis fn $name() -> $crate::Fixture<$value> {
            $crate::__declare::instance::<$name::Defined>()
        }

        $crate::__hidden_test! { $name declare_fixture }

        impl $crate::__declare::Define for $name::Defined {
            type Value = $value;
            const NAME: &'static str = ::core::stringify!($name);
            const MODE: $crate::__declare::Mode = $crate::__declare::Mode::$mode;

            fn declared() -> &'static $crate::__declare::Declared {
                static DECLARED: $crate::__declare::Declared = $crate::__declare::Declared::not_yet();
                &DECLARED
            }

            fn set_up() -> ::core::result::Result<$value, ::std::string::String> {
                $crate::__set_up!($kind $crate::__declare::short_backtrace(<$name::Defined>::set_up))
            }

            fn tear_down(value: $value) -> ::core::result::Result<(), ::std::string::String> {
                <$name::Defined>::tear_down(value)
            }
        }

        // What the user wrote is called as these, and not in the middle of the above: so their frames have names to be read.
        impl $name::Defined {
            fn set_up() -> $returned $body

            #[allow(unused_variables)]
            fn tear_down(value: $value) -> ::core::result::Result<(), ::std::string::String> {
                $crate::__tear_down!(value $($given, $tear_down)?)
            }
        }
    };
}

/// What a set-up function returned, as a value or the text of an error.
#[doc(hidden)]
#[macro_export]
macro_rules! __set_up {
    (plain $returned:expr) => {
        ::core::result::Result::Ok($returned)
    };
    (fallible $returned:expr) => {
        ::core::result::Result::map_err($returned, |error| ::std::format!("{error:?}"))
    };
}

/// Gives a value to the fixture's `teardown`, or drops it.
#[doc(hidden)]
#[macro_export]
macro_rules! __tear_down {
    ($value:ident) => {
        $crate::__declare::tear_down(move || ::core::mem::drop($value))
    };
    ($value:ident $given:pat, $tear_down:block) => {{
        let $given = $value;
        // A closure, so that `?` means the block's own errors.
        $crate::__declare::tear_down(move || $tear_down)
    }};
}

/// States options of the module it stands in, for the tests in it and in the modules below.
///
/// ```no_run
/// mod slow {
///     snout::context! { timeout = "5s", serial, isolate, threads = "fresh", retries = 2, weight = 2, resource = "the printer" }
/// }
/// ```
///
/// | option | meaning |
/// |---|---|
/// | `timeout = "5s"` | how long a test may take: `"500ms"`, `"5s"`, `"2m"`; `"0"` for as long as it likes |
/// | `serial` | a test runs while nothing else does |
/// | `isolate` | a test gets a process of its own |
/// | `threads = "fresh"` | where a test runs: `"fresh"`, a thread of its own; `"pooled"`, the worker itself |
/// | `retries = 2` | how often a test that failed is tried again, in a process of its own |
/// | `weight = 2` | how many lanes a test takes |
/// | `resource = "name"` | what a test uses that no other may use at the same time; may be stated several times |
///
/// What a module leaves open is as in the module around it; `serial = false` and `isolate = false` take back what that states.
/// Values are constants: a wrong one does not compile.
///
/// A module has one `context!`.
#[macro_export]
macro_rules! context {
    ($($option:tt)*) => {
        #[doc(hidden)]
        mod __snout_context {
            #[allow(unused_imports)]
            use super::*;

            #[::core::prelude::v1::test]
            fn __snout() {
                const OPTIONS: $crate::__declare::ContextOptions =
                    $crate::__context_options!([$crate::__declare::ContextOptions::none()] $($option)*);
                $crate::__declare::declare_context(OPTIONS);
            }
        }
    };
}

/// The options of [`context!`], one after the other.
#[doc(hidden)]
#[macro_export]
macro_rules! __context_options {
    ([$options:expr]) => { $options };
    ([$options:expr] serial $(, $($rest:tt)*)?) => {
        $crate::__context_options!([$options.serial(true)] $($($rest)*)?)
    };
    ([$options:expr] isolate $(, $($rest:tt)*)?) => {
        $crate::__context_options!([$options.isolate(true)] $($($rest)*)?)
    };
    ([$options:expr] timeout = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__context_options!([$options.timeout($value)] $($($rest)*)?)
    };
    ([$options:expr] serial = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__context_options!([$options.serial($value)] $($($rest)*)?)
    };
    ([$options:expr] isolate = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__context_options!([$options.isolate($value)] $($($rest)*)?)
    };
    ([$options:expr] threads = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__context_options!([$options.threads($value)] $($($rest)*)?)
    };
    ([$options:expr] retries = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__context_options!([$options.retries($value)] $($($rest)*)?)
    };
    ([$options:expr] weight = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__context_options!([$options.weight($value)] $($($rest)*)?)
    };
    ([$options:expr] resource = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__context_options!([$options.resource($value)] $($($rest)*)?)
    };
    ([$options:expr] $unknown:ident $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "no option `", ::core::stringify!($unknown),
            "`: write timeout, serial, isolate, threads, retries, weight or resource"
        ))
    };
}

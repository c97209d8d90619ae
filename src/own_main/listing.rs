//! What `tests!` makes of the items that it has found: a function without `#[test]`, and what is listed of it.

/// Makes the function that lists a module.
///
/// Of a function that nobody calls, the compiler says nothing if a macro of another crate has made it. So the function has a part
/// that is the user's: the name of the first function in the module, which is searched for behind the brackets.
#[doc(hidden)]
#[macro_export]
macro_rules! __module {
    (@list [$($entry:tt)*] $($first:expr)?) => {
        #[doc(hidden)]
        #[allow(non_snake_case)]
        pub(crate) fn __snout_tests(tests: &mut $crate::__declare::Tests) {
            $( let _ = $first; )?
            if tests.is_new(::core::module_path!()) {
                $( $crate::__list! { tests $entry } )*
            }
        }
    };
    ($all:tt (function $name:tt $($function:tt)*) $($more:tt)*) => {
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        enum __SnoutTests {
            $name,
        }

        const _: ::core::option::Option<__SnoutTests> = ::core::option::Option::None;

        $crate::__module! { @list $all __SnoutTests::$name }
    };
    ($all:tt $other:tt $($more:tt)*) => {
        $crate::__module! { $all $($more)* }
    };
    ($all:tt) => {
        $crate::__module! { @list $all }
    };
}

/// A function without its `#[test]`, by which rustc would drop it.
#[doc(hidden)]
#[macro_export]
macro_rules! __function {
    ([$($kept:tt)*] [] $($function:tt)*) => {
        $($kept)*
        $($function)*
    };
    ($kept:tt [#[test] $($more:tt)*] $($function:tt)*) => {
        $crate::__function! { $kept [$($more)*] $($function)* }
    };
    ([$($kept:tt)*] [#[cfg_attr($when:meta, test $(, $($others:tt)*)?)] $($more:tt)*] $($function:tt)*) => {
        $crate::__function! { [$($kept)* $(#[cfg_attr($when, $($others)*)])?] [$($more)*] $($function)* }
    };
    ([$($kept:tt)*] [#$attribute:tt $($more:tt)*] $($function:tt)*) => {
        $crate::__function! { [$($kept)* #$attribute] [$($more)*] $($function)* }
    };
}

/// Refuses a function that says it is a test, and cannot be one.
#[doc(hidden)]
#[macro_export]
macro_rules! __no_test {
    ($name:tt) => {};
    ($name:tt #[test] $($more:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "`", ::core::stringify!($name), "` cannot be a test: write `fn ", ::core::stringify!($name),
            "() { … }`, without arguments and words in front of it"
        ));
    };
    ($name:tt #[bench] $($more:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "`", ::core::stringify!($name), "` would not be measured: benchmarks need rustc's harness"
        ));
    };
    ($name:tt #[$($foreign:ident)::+ $(($($arguments:tt)*))?] $($more:tt)*) => {
        $crate::__foreign! { [$($foreign)::+] }
        $crate::__no_test! { $name $($more)* }
    };
    ($name:tt #$other:tt $($more:tt)*) => {
        $crate::__no_test! { $name $($more)* }
    };
}

/// Refuses attributes that make a `#[test]`.
#[doc(hidden)]
#[macro_export]
macro_rules! __foreign {
    ([rstest]) => { $crate::__foreign! { @refused "rstest" } };
    ([test_case]) => { $crate::__foreign! { @refused "test_case" } };
    ([$a:ident::rstest]) => { $crate::__foreign! { @refused ::core::stringify!($a), "::rstest" } };
    ([$a:ident::test_case]) => { $crate::__foreign! { @refused ::core::stringify!($a), "::test_case" } };
    ([$a:ident::test]) => { $crate::__foreign! { @refused ::core::stringify!($a), "::test" } };
    ([$a:ident::$b:ident::test]) => {
        $crate::__foreign! { @refused ::core::stringify!($a), "::", ::core::stringify!($b), "::test" }
    };
    ([$($other:tt)*]) => {};
    (@refused $($path:expr),*) => {
        ::core::compile_error!(::core::concat!(
            "`#[", $($path,)* "]` makes a test that `tests!` cannot list: write `#[test]`, and in the function what the attribute does"
        ));
    };
}

/// Lists an entry of [`__tests!`], where its `cfg`s hold.
#[doc(hidden)]
#[macro_export]
macro_rules! __list {
    ($tests:ident (function $name:tt () $($attributes:tt)*)) => {
        $crate::__list_function! {
            ($tests $name) no [] [{
                let run: fn() -> ::core::result::Result<(), ::std::string::String> =
                    || $crate::assert_test_result($name());
                let $name = &$crate::__declare::WhereWritten;
                let path = ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name));
                $crate::__declare::Test::new(path, run, $name)
            }]
            $($attributes)*
        }
    };
    ($tests:ident (function $name:tt ($($arguments:tt)+) $($attributes:tt)*)) => {
        $crate::__no_test! { $name $($attributes)* }
    };
    ($tests:ident (module $name:tt $($attributes:tt)*)) => {
        $crate::__where_compiled! { [] { $name::__snout_tests($tests); } $($attributes)* }
    };
    ($tests:ident (macro $path:tt { $($tokens:tt)* } $($attributes:tt)*)) => {
        $crate::__where_compiled! { [] { $crate::__list_macro! { $tests $path $($tokens)* } } $($attributes)* }
    };
}

/// A block, where the `cfg`s among these attributes hold.
#[doc(hidden)]
#[macro_export]
macro_rules! __where_compiled {
    ([$($cfg:tt)*] $block:tt) => { $($cfg)* $block };
    ([$($cfg:tt)*] $block:tt #[cfg $when:tt] $($more:tt)*) => {
        $crate::__where_compiled! { [$($cfg)* #[cfg $when]] $block $($more)* }
    };
    ($cfg:tt $block:tt #$other:tt $($more:tt)*) => {
        $crate::__where_compiled! { $cfg $block $($more)* }
    };
}

/// Reads the attributes of a function, one after the other: whether it is a test, under which `cfg`s, and the test with what the
/// attributes so far say about it.
#[doc(hidden)]
#[macro_export]
macro_rules! __list_function {
    ($to:tt no $cfg:tt [$test:expr]) => {};
    (($tests:ident $name:tt) yes [$($cfg:tt)*] [$test:expr]) => {
        $($cfg)*
        { $tests.add($test); }
    };
    ($to:tt $is:ident $cfg:tt [$test:expr] #[test] $($more:tt)*) => {
        $crate::__list_function! { $to yes $cfg [$test] $($more)* }
    };
    ($to:tt $is:ident $cfg:tt [$test:expr] #[ignore $(= $why:literal)?] $($more:tt)*) => {
        $crate::__list_function! { $to $is $cfg [$test.ignored(true, $crate::__option!($($why)?))] $($more)* }
    };
    ($to:tt $is:ident $cfg:tt [$test:expr] #[should_panic $((expected = $text:literal $(,)?))?] $($more:tt)*) => {
        $crate::__list_function! { $to $is $cfg [$test.should_panic(true, $crate::__option!($($text)?))] $($more)* }
    };
    ($to:tt $is:ident $cfg:tt [$test:expr] #[should_panic = $text:literal] $($more:tt)*) => {
        $crate::__list_function! { $to $is $cfg [$test.should_panic(true, $crate::__option!($text))] $($more)* }
    };
    ($to:tt $is:ident [$($cfg:tt)*] [$test:expr] #[cfg $when:tt] $($more:tt)*) => {
        $crate::__list_function! { $to $is [$($cfg)* #[cfg $when]] [$test] $($more)* }
    };

    // The same with a condition, and others behind it.
    ($to:tt $is:ident $cfg:tt [$test:expr] #[cfg_attr($when:meta $(,)?)] $($more:tt)*) => {
        $crate::__list_function! { $to $is $cfg [$test] $($more)* }
    };
    ($to:tt $is:ident [$($cfg:tt)*] [$test:expr] #[cfg_attr($when:meta, test $(, $($others:tt)*)?)] $($more:tt)*) => {
        $crate::__list_function! {
            $to yes [$($cfg)* #[cfg($when)]] [$test] #[cfg_attr($when, $($($others)*)?)] $($more)*
        }
    };
    ($to:tt $is:ident $cfg:tt [$test:expr]
        #[cfg_attr($when:meta, ignore $(= $why:literal)? $(, $($others:tt)*)?)] $($more:tt)*
    ) => {
        $crate::__list_function! {
            $to $is $cfg [$test.ignored(::core::cfg!($when), $crate::__option!($($why)?))]
            #[cfg_attr($when, $($($others)*)?)] $($more)*
        }
    };
    ($to:tt $is:ident $cfg:tt [$test:expr]
        #[cfg_attr($when:meta, should_panic $((expected = $text:literal $(,)?))? $(, $($others:tt)*)?)] $($more:tt)*
    ) => {
        $crate::__list_function! {
            $to $is $cfg [$test.should_panic(::core::cfg!($when), $crate::__option!($($text)?))]
            #[cfg_attr($when, $($($others)*)?)] $($more)*
        }
    };
    ($to:tt $is:ident $cfg:tt [$test:expr] #[cfg_attr($when:meta, $other:meta $(, $($others:tt)*)?)] $($more:tt)*) => {
        $crate::__list_function! { $to $is $cfg [$test] #[cfg_attr($when, $($($others)*)?)] $($more)* }
    };

    // What is nearly one of these, and what is none.
    ($to:tt $is:ident $cfg:tt [$test:expr] #[ignore $($wrong:tt)*] $($more:tt)*) => {
        ::core::compile_error!("write `#[ignore]` or `#[ignore = \"why\"]`");
    };
    ($to:tt $is:ident $cfg:tt [$test:expr] #[should_panic $($wrong:tt)*] $($more:tt)*) => {
        ::core::compile_error!("write `#[should_panic]` or `#[should_panic(expected = \"text\")]`");
    };
    ($to:tt $is:ident $cfg:tt [$test:expr] #[$($foreign:ident)::+ $(($($arguments:tt)*))?] $($more:tt)*) => {
        $crate::__foreign! { [$($foreign)::+] }
        $crate::__list_function! { $to $is $cfg [$test] $($more)* }
    };
    ($to:tt $is:ident $cfg:tt [$test:expr] #$other:tt $($more:tt)*) => {
        $crate::__list_function! { $to $is $cfg [$test] $($more)* }
    };
}

/// `Some` of what there is.
#[doc(hidden)]
#[macro_export]
macro_rules! __option {
    () => {
        ::core::option::Option::None
    };
    ($value:expr) => {
        ::core::option::Option::Some($value)
    };
}

/// Lists what a macro of ours declares: what its hidden test would tell.
#[doc(hidden)]
#[macro_export]
macro_rules! __list_macro {
    ($tests:ident [$snout:ident::$name:ident] $($tokens:tt)*) => {
        $crate::__list_macro! { $tests [$name] $($tokens)* }
    };
    ($tests:ident [fixture] $(#$a:tt)* $v:vis fn $name:tt $($rest:tt)*) => {
        $crate::__list_hidden! { $tests add_fixture $name { $crate::__declare::declare_fixture::<$name::Defined>() } }
    };
    ($tests:ident [fixture] $(#$a:tt)* $v:vis $mode:ident fn $name:tt $($rest:tt)*) => {
        $crate::__list_hidden! { $tests add_fixture $name { $crate::__declare::declare_fixture::<$name::Defined>() } }
    };
    ($tests:ident [fixture] $(#$a:tt)* $mode:ident $v:vis fn $name:tt $($rest:tt)*) => {
        $crate::__list_hidden! { $tests add_fixture $name { $crate::__declare::declare_fixture::<$name::Defined>() } }
    };
    ($tests:ident [cases] $(#$a:tt)* fn $name:tt $($rest:tt)*) => {
        $crate::__list_hidden! { $tests add_hidden $name {
            let $name = &$crate::__declare::WhereWritten;
            $crate::__declare::declare_cases_at::<$name::Defined>($name)
        } }
    };
    ($tests:ident [plugin] $(#$a:tt)* $v:vis static $name:tt $($rest:tt)*) => {
        $crate::__list_hidden! { $tests add_hidden $name { $crate::__declare::declare_plugin::<$name::Defined>() } }
    };
    ($tests:ident [context] $($option:tt)*) => {
        $crate::__list_hidden! { $tests add_hidden __snout_context {
            const OPTIONS: $crate::__declare::ContextOptions =
                $crate::__context_options!([$crate::__declare::ContextOptions::none()] $($option)*);
            $crate::__declare::declare_context(OPTIONS)
        } }
    };
    // Not written as they should be: the macros themselves say so.
    ($tests:ident [fixture] $($rest:tt)*) => {};
    ($tests:ident [cases] $($rest:tt)*) => {};
    ($tests:ident [plugin] $($rest:tt)*) => {};
    ($tests:ident [thread_local] $($rest:tt)*) => {};
    ($tests:ident [$first:ident $(:: $next:ident)*] $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "`", ::core::stringify!($first), $("::", ::core::stringify!($next),)*
            "!` in `tests!`: a test that it makes would be lost; write the tests out, or put the macro outside of `tests!` if it makes none"
        ));
    };
}

/// Lists what rustc would list as the hidden test of a declaration.
#[doc(hidden)]
#[macro_export]
macro_rules! __list_hidden {
    ($tests:ident $add:ident $name:tt { $($declare:tt)* }) => {
        $tests.$add(
            ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name), "::__snout"),
            || {
                $($declare)*;
                ::core::result::Result::Ok(())
            },
        );
    };
}

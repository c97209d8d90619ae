//! How `tests!` goes through the items that it is given.
//!
//! A macro cannot look into an item that it has taken as one, so each is taken apart as far as it may be a test, one after the other;
//! functions ten at a time where they stand together, for each step is a macro within the last, and the compiler's limit is 128.

/// Takes items off the front. What is to be listed is noted down in the brackets: `(kind name attributes)`.
///
/// Names are taken as `tt`: other fragments lose where they were written.
#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    // All are taken off.
    ([$($entry:tt)*]) => {
        $crate::__module! { [$($entry)*] $($entry)* }
    };

    // One item of which nothing is to be listed, or which has been noted down.
    (@item [$($entry:tt)*] $item:item $($rest:tt)*) => {
        $item
        $crate::__tests! { [$($entry)*] $($rest)* }
    };

    // Functions: ten, three, one.
    ([$($entry:tt)*]
        $(#$a0:tt)* $v0:vis fn $n0:tt ($($p0:tt)*) $(-> $r0:ty)? $b0:block
        $(#$a1:tt)* $v1:vis fn $n1:tt ($($p1:tt)*) $(-> $r1:ty)? $b1:block
        $(#$a2:tt)* $v2:vis fn $n2:tt ($($p2:tt)*) $(-> $r2:ty)? $b2:block
        $(#$a3:tt)* $v3:vis fn $n3:tt ($($p3:tt)*) $(-> $r3:ty)? $b3:block
        $(#$a4:tt)* $v4:vis fn $n4:tt ($($p4:tt)*) $(-> $r4:ty)? $b4:block
        $(#$a5:tt)* $v5:vis fn $n5:tt ($($p5:tt)*) $(-> $r5:ty)? $b5:block
        $(#$a6:tt)* $v6:vis fn $n6:tt ($($p6:tt)*) $(-> $r6:ty)? $b6:block
        $(#$a7:tt)* $v7:vis fn $n7:tt ($($p7:tt)*) $(-> $r7:ty)? $b7:block
        $(#$a8:tt)* $v8:vis fn $n8:tt ($($p8:tt)*) $(-> $r8:ty)? $b8:block
        $(#$a9:tt)* $v9:vis fn $n9:tt ($($p9:tt)*) $(-> $r9:ty)? $b9:block
        $($rest:tt)*
    ) => {
        $crate::__function! { [] [$(#$a0)*] $v0 fn $n0($($p0)*) $(-> $r0)? $b0 }
        $crate::__function! { [] [$(#$a1)*] $v1 fn $n1($($p1)*) $(-> $r1)? $b1 }
        $crate::__function! { [] [$(#$a2)*] $v2 fn $n2($($p2)*) $(-> $r2)? $b2 }
        $crate::__function! { [] [$(#$a3)*] $v3 fn $n3($($p3)*) $(-> $r3)? $b3 }
        $crate::__function! { [] [$(#$a4)*] $v4 fn $n4($($p4)*) $(-> $r4)? $b4 }
        $crate::__function! { [] [$(#$a5)*] $v5 fn $n5($($p5)*) $(-> $r5)? $b5 }
        $crate::__function! { [] [$(#$a6)*] $v6 fn $n6($($p6)*) $(-> $r6)? $b6 }
        $crate::__function! { [] [$(#$a7)*] $v7 fn $n7($($p7)*) $(-> $r7)? $b7 }
        $crate::__function! { [] [$(#$a8)*] $v8 fn $n8($($p8)*) $(-> $r8)? $b8 }
        $crate::__function! { [] [$(#$a9)*] $v9 fn $n9($($p9)*) $(-> $r9)? $b9 }
        $crate::__tests! {
            [
                $($entry)*
                (function $n0 ($($p0)*) $(#$a0)*)
                (function $n1 ($($p1)*) $(#$a1)*)
                (function $n2 ($($p2)*) $(#$a2)*)
                (function $n3 ($($p3)*) $(#$a3)*)
                (function $n4 ($($p4)*) $(#$a4)*)
                (function $n5 ($($p5)*) $(#$a5)*)
                (function $n6 ($($p6)*) $(#$a6)*)
                (function $n7 ($($p7)*) $(#$a7)*)
                (function $n8 ($($p8)*) $(#$a8)*)
                (function $n9 ($($p9)*) $(#$a9)*)
            ]
            $($rest)*
        }
    };
    ([$($entry:tt)*]
        $(#$a0:tt)* $v0:vis fn $n0:tt ($($p0:tt)*) $(-> $r0:ty)? $b0:block
        $(#$a1:tt)* $v1:vis fn $n1:tt ($($p1:tt)*) $(-> $r1:ty)? $b1:block
        $(#$a2:tt)* $v2:vis fn $n2:tt ($($p2:tt)*) $(-> $r2:ty)? $b2:block
        $($rest:tt)*
    ) => {
        $crate::__function! { [] [$(#$a0)*] $v0 fn $n0($($p0)*) $(-> $r0)? $b0 }
        $crate::__function! { [] [$(#$a1)*] $v1 fn $n1($($p1)*) $(-> $r1)? $b1 }
        $crate::__function! { [] [$(#$a2)*] $v2 fn $n2($($p2)*) $(-> $r2)? $b2 }
        $crate::__tests! {
            [
                $($entry)*
                (function $n0 ($($p0)*) $(#$a0)*)
                (function $n1 ($($p1)*) $(#$a1)*)
                (function $n2 ($($p2)*) $(#$a2)*)
            ]
            $($rest)*
        }
    };
    ([$($entry:tt)*] $(#$a:tt)* $v:vis fn $n:tt ($($p:tt)*) $(-> $r:ty)? $b:block $($rest:tt)*) => {
        $crate::__function! { [] [$(#$a)*] $v fn $n($($p)*) $(-> $r)? $b }
        $crate::__tests! { [$($entry)* (function $n ($($p)*) $(#$a)*)] $($rest)* }
    };

    // Functions that cannot be tests, and are more than name, arguments and body.
    ([$($entry:tt)*] $(#$a:tt)* $v:vis fn $n:tt $($rest:tt)*) => {
        $crate::__no_test! { $n $(#$a)* }
        $crate::__tests! { @item [$($entry)*] $(#$a)* $v fn $n $($rest)* }
    };
    ([$($entry:tt)*] $(#$a:tt)* $v:vis $kind:ident fn $n:tt $($rest:tt)*) => {
        $crate::__no_test! { $n $(#$a)* }
        $crate::__tests! { @item [$($entry)*] $(#$a)* $v $kind fn $n $($rest)* }
    };

    // Modules. An inner attribute cannot come from a macro, but means the same in front of the module.
    ([$($entry:tt)*] $(#$a:tt)* $v:vis mod $n:tt { #!$inner:tt $($items:tt)* } $($rest:tt)*) => {
        $crate::__tests! { [$($entry)*] $(#$a)* #$inner $v mod $n { $($items)* } $($rest)* }
    };
    ([$($entry:tt)*] $(#$a:tt)* $v:vis mod $n:tt { $($items:tt)* } $($rest:tt)*) => {
        $(#$a)*
        $v mod $n {
            $crate::__tests! { [] $($items)* }
        }
        $crate::__tests! { [$($entry)* (module $n $(#$a)*)] $($rest)* }
    };
    ([$($entry:tt)*] $(#$a:tt)* $v:vis mod $n:tt; $($rest:tt)*) => {
        $(#$a)*
        $v mod $n;
        $crate::__tests! { [$($entry)* (module $n $(#$a)*)] $($rest)* }
    };

    // Macros. A `tests!` in another is as if it were not there.
    ([$($entry:tt)*] tests! { $($items:tt)* } $($rest:tt)*) => {
        $crate::__tests! { [$($entry)*] $($items)* $($rest)* }
    };
    ([$($entry:tt)*] $snout:ident::tests! { $($items:tt)* } $($rest:tt)*) => {
        $crate::__tests! { [$($entry)*] $($items)* $($rest)* }
    };
    ([$($entry:tt)*] $(#$a:tt)* macro_rules! $($rest:tt)*) => {
        $crate::__tests! { @item [$($entry)*] $(#$a)* macro_rules! $($rest)* }
    };
    ([$($entry:tt)*] $(#$a:tt)* $first:ident $(:: $next:ident)* ! { $($tokens:tt)* } $($rest:tt)*) => {
        $(#$a)*
        $first $(:: $next)* ! { $($tokens)* }
        $crate::__tests! { [$($entry)* (macro [$first $(:: $next)*] { $($tokens)* } $(#$a)*)] $($rest)* }
    };
    ([$($entry:tt)*] $(#$a:tt)* $first:ident $(:: $next:ident)* ! ( $($tokens:tt)* ); $($rest:tt)*) => {
        $crate::__tests! { [$($entry)*] $(#$a)* $first $(:: $next)* ! { $($tokens)* } $($rest)* }
    };
    ([$($entry:tt)*] $(#$a:tt)* $first:ident $(:: $next:ident)* ! [ $($tokens:tt)* ]; $($rest:tt)*) => {
        $crate::__tests! { [$($entry)*] $(#$a)* $first $(:: $next)* ! { $($tokens)* } $($rest)* }
    };
    ([$($entry:tt)*] $(#$a:tt)* :: $first:ident :: $($rest:tt)*) => {
        $crate::__tests! { [$($entry)*] $(#$a)* $first :: $($rest)* }
    };

    // Anything else.
    ([$($entry:tt)*] $item:item $($rest:tt)*) => {
        $item
        $crate::__tests! { [$($entry)*] $($rest)* }
    };
}

#!/bin/sh
# Asks the compiler's own libtest what it prints, for `replay.rs` to hold our reporters against. Run it here, with the
# toolchain whose libtest is to be matched: `RUSTC="rustc +1.95.0" sh make.sh`. The times of a run, which differ from one
# to the next, are set to those that `replay.rs` gives its events.
set -eu
export RUSTC_BOOTSTRAP=1 TERM=xterm-256color
here=$PWD
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cd "$work"
mkdir src
cat > src/mix.rs <<'RUST'
#![feature(test)]
extern crate test;
use std::panic::resume_unwind as fall; // fails without a word, for panic's words name a thread by its number
use std::{thread::sleep, time::Duration};
#[test] fn a_ok() { println!("from a_ok"); }
#[test] #[ignore] fn b_ignored() {}
#[test] #[ignore = "needs <docker>"] fn c_ignored() {}
#[test] fn d_fails() { println!("quote \" tab \t end ]]> pi <? é"); print!("no newline"); fall(Box::new(1)) }
#[test] #[should_panic] fn e_panics() { fall(Box::new(1)) }
#[test] #[should_panic] fn f_does_not() { print!("no newline") }
#[test] #[should_panic(expected = "needle")] fn g_panics_otherwise() { fall(Box::new("hay")) }
#[test] fn h_error() -> Result<(), String> { Err("bad".into()) }
#[test] fn i_silent() { fall(Box::new(1)) }
mod m {
    use super::*;
    #[bench] fn bench(_: &mut test::Bencher) {}
    #[bench] fn bench_fails(_: &mut test::Bencher) { fall(Box::new(1)) }
    #[bench] fn bench_longest_name(_: &mut test::Bencher) {}
    #[test] fn slow() { sleep(Duration::from_millis(70)) }
    #[test] fn slower() { println!("slow"); sleep(Duration::from_millis(130)) }
}
RUST
echo '#[test] #[ignore = "why not"] fn lone() {}' > src/lone.rs
${RUSTC:-rustc} --edition 2021 --test src/mix.rs -o mix
${RUSTC:-rustc} --edition 2021 --test src/lone.rs -o lone
take() { # the file's name, the program, its arguments
    name=$1; shift
    "$@" -Z unstable-options --test-threads 1 > out || true
    sed -e 's/finished in [0-9.]*s/finished in 0.30s/' -e '/"suite"/s/"exec_time": [0-9.]*/"exec_time": 0.3/' \
        -e 's/\("m::slow".*"exec_time":\) 0[0-9.e-]*/\1 0.07/' \
        -e 's/\("m::slower".*"exec_time":\) 0[0-9.e-]*/\1 0.13/' -e 's/"exec_time": 0\.0000[0-9]*/"exec_time": 0/' \
        -e 's/time="0\.0000[0-9]*"/time="0"/g' -e 's/time="0\.07[0-9]*"/time="0.07"/' \
        -e 's/time="0\.13[0-9]*"/time="0.13"/' out > "$here/$name"
}
take pretty.txt ./mix
take pretty-colour.txt ./mix --color always --ensure-time
take pretty-show.txt ./mix --show-output
take pretty-bench.txt ./mix --bench --test --color always
take terse.txt ./mix -q --show-output --ensure-time
take terse-colour.txt ./mix -q --color always
take terse-bench.txt ./mix -q --bench
take terse-lone.txt ./lone -q
take json.txt ./mix --format json
take json-times.txt ./mix --format json --show-output --ensure-time
take json-bench.txt ./mix --format json --bench
# libtest's JUnit breaks off at a message of several lines, and `g_panics_otherwise` has one.
take junit.txt ./mix --format junit --skip g_
take junit-times.txt ./mix --format junit --skip g_ --show-output --ensure-time
take junit-bench.txt ./mix --format junit --skip g_ --bench
for format in pretty terse json junit; do take list-$format.txt ./mix --list --format $format; done
take log.tmp ./mix --ensure-time --logfile log 2>/dev/null
rm "$here/log.tmp"
cp log "$here/log.txt"

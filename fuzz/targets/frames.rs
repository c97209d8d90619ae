//! What comes out of a pipe: see `snout::__fuzz`, which only a build by cargo-fuzz has.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| snout::__fuzz::frames(input));

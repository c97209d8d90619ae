//! Texts that are read as a duration, a role, or what the system says of a process.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| snout::__fuzz::words(input));

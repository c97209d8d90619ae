//! What a user types and sets.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| snout::__fuzz::command_line(input));

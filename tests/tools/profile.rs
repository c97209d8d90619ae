//! Reads raw profiles, as LLVM's runtime writes them at the end of an instrumented process.
//!
//! `llvm-profdata` would do, but it reads only what its own LLVM or an older one wrote, and rustc is ahead of every
//! distribution; rustup's `llvm-tools` would have to be installed once a toolchain. The part needed here is small: which
//! function was counted how often. The layout is `InstrProfData.inc` of LLVM 19 and later, raw format 10:
//!
//! | part      | size                                                       |
//! |-----------|------------------------------------------------------------|
//! | header    | 16 words of 8 bytes, `Header` names those that matter       |
//! | build ids | as the header says                                         |
//! | functions | 64 bytes each: hash of the name, …, place of the counters   |
//! | counters  | 8 bytes each, padding before and after                     |
//! | bitmaps   | as the header says, padding after                          |
//! | names     | as the header says, to the next multiple of 8              |

use std::collections::BTreeMap;
use std::path::Path;

const MAGIC: u64 = u64::from_be_bytes(*b"\xfflprofr\x81");

/// The format this file describes; its upper bits are flags of the instrumentation.
const VERSION: u64 = 10;
const VERSION_BITS: u64 = 0xff_ffff;

/// Bytes of a function's entry.
const FUNCTION: usize = 64;

/// How often each function was called, by the hash of its name.
pub(crate) type Profile = BTreeMap<u64, u64>;

/// The profiles in a file: each process that writes to it adds one.
pub(crate) fn read(path: &Path) -> Result<Vec<Profile>, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let mut rest = &*bytes;
    let mut profiles = Vec::new();
    while !rest.is_empty() {
        let header = Header::read(rest)?;
        let profile = rest.get(..header.end()).ok_or("it ends too early")?;
        profiles.push(header.profile(profile)?);
        rest = &rest[header.end()..];
    }
    Ok(profiles)
}

/// Sizes and places, from the first words of a profile.
struct Header {
    build_ids: usize,
    functions: usize,
    padding_before_counters: usize,
    counters: usize,
    padding_after_counters: usize,
    bitmaps: usize,
    padding_after_bitmaps: usize,
    names: usize,
    /// From the first function's entry in memory to the first counter.
    counters_delta: u64,
}

impl Header {
    const SIZE: usize = 16 * 8;

    fn read(bytes: &[u8]) -> Result<Header, String> {
        if bytes.len() < Header::SIZE || word(bytes, 0) != MAGIC {
            return Err("it is no raw profile of this machine".to_owned());
        }
        let version = word(bytes, 8) & VERSION_BITS;
        if version != VERSION {
            return Err(format!("it has format {version}, and `profile.rs` describes {VERSION}"));
        }
        if word(bytes, 13 * 8) != 0 {
            return Err("it has virtual tables, which Rust does not".to_owned());
        }
        let size = |place: usize| usize::try_from(word(bytes, place * 8)).map_err(|error| error.to_string());
        Ok(Header {
            build_ids: size(2)?,
            functions: size(3)?,
            padding_before_counters: size(4)?,
            counters: size(5)?,
            padding_after_counters: size(6)?,
            bitmaps: size(7)?,
            padding_after_bitmaps: size(8)?,
            names: size(9)?,
            counters_delta: word(bytes, 10 * 8),
        })
    }

    fn functions_begin(&self) -> usize {
        Header::SIZE + self.build_ids
    }

    fn counters_begin(&self) -> usize {
        self.functions_begin() + self.functions * FUNCTION + self.padding_before_counters
    }

    fn end(&self) -> usize {
        let counters_end = self.counters_begin() + self.counters * 8 + self.padding_after_counters;
        counters_end + self.bitmaps + self.padding_after_bitmaps + self.names.next_multiple_of(8)
    }

    fn profile(&self, bytes: &[u8]) -> Result<Profile, String> {
        let mut profile = Profile::new();
        for number in 0..self.functions {
            let entry = self.functions_begin() + number * FUNCTION;
            // The entry holds the distance from itself, in memory, to its counters.
            let here = (number * FUNCTION) as u64;
            let place = word(bytes, entry + 16).wrapping_sub(self.counters_delta).wrapping_add(here);
            let place = usize::try_from(place).ok().filter(|place| *place < self.counters * 8);
            let place = place.ok_or("a function's counters lie outside of the counters")?;
            // The first counter is that of the function's beginning.
            profile.insert(word(bytes, entry), word(bytes, self.counters_begin() + place));
        }
        Ok(profile)
    }
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

//! The codecs give the same bytes natively (64 bits) and in wasm (32 bits): a run must not depend on the machine. This file is a test of
//! both: `cargo test --test browser_codecs`, and the same with `--target wasm32-unknown-unknown`.

use std::fmt::Write as _;
use tidepool::kafka::wire::compression::Compression;
use tidepool::kafka::wire::crc32c::crc32c;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// Numbers that look random; the same on all machines.
struct Noise(u32);

impl Noise {
    fn byte(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 24) as u8
    }
}

fn inputs() -> Vec<(&'static str, Vec<u8>)> {
    let mut noise = Noise(1);
    let mut bits = |count: u32, length: usize| (0..length).map(|_| noise.byte() >> (8 - count)).collect::<Vec<u8>>();
    let random = bits(8, 70_000);
    let two_bits = bits(2, 65_536);
    let five_bits = bits(5, 5_000);
    // As record batches are: little that changes in much that repeats itself.
    let mut noise = Noise(7);
    let mut orders = String::new();
    for n in 0..4_000_u32 {
        let (customer, amount) = (noise.byte(), u32::from(noise.byte()) * 17);
        write!(orders, "{{\"order\":{n},\"customer\":\"customer-{customer}\",\"amount\":{amount},\"status\":\"placed\"}}").expect("memory");
    }
    let mut mixed = orders.clone().into_bytes();
    mixed.extend(&random);
    mixed.extend([0; 140_000]);
    mixed.extend(&two_bits);
    vec![
        ("empty", Vec::new()),
        ("one byte", vec![b'x']),
        ("13 bytes", b"under glass, ".to_vec()),
        ("one sentence, 40 times", b"A whole cluster, drawn record by record. ".repeat(40)),
        ("zeros", vec![0; 1_000_000]),
        ("random", random),
        ("two bits", two_bits),
        ("five bits", five_bits),
        ("period of 65,537 bytes", bits_repeated()),
        ("orders", orders.into_bytes()),
        ("mixed", mixed),
    ]
}

fn bits_repeated() -> Vec<u8> {
    let mut noise = Noise(3);
    let period: Vec<u8> = (0..65_537).map(|_| noise.byte()).collect();
    period.repeat(3)
}

/// For each input and codec the size of what is written and its CRC-32C.
const PINNED: &str = include_str!("vectors/compressed.txt");

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn codecs_write_the_same_bytes_on_every_machine() {
    let mut found = String::new();
    for (what, plain) in inputs() {
        for codec in Compression::ALL {
            let packed = codec.compress(&plain);
            writeln!(found, "{what}, {}: {} {:08x}", codec.name(), packed.len(), crc32c(&packed)).expect("memory");
            assert!(codec.decompress(&packed, plain.len() as u64).is_ok_and(|read| read == plain), "{what}, {}", codec.name());
        }
    }
    assert_eq!(found, PINNED, "found:\n{found}");
}

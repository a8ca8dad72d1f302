//! A look at one record that is not taken out of its batch: what a broker's checks need, without an allocation.

use super::varint::{take_i32, take_i64};

/// What a look at a record shows. Sizes are -1 for null.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Skimmed {
    pub attributes: i8,
    pub timestamp_delta: i64,
    pub offset_delta: i32,
    pub key_size: i32,
    pub value_size: i32,
}

/// Steps over the record that `rest` begins with. `None`: it is malformed or cut off, and `rest` is wherever the fault is.
pub fn skim(rest: &mut &[u8]) -> Option<Skimmed> {
    let mut at = 0;
    let length = take_i32(rest, &mut at)?;
    let (body, after) = rest.get(at..)?.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = after;
    let (&attributes, body) = body.split_first()?;
    let mut at = 0;
    let timestamp_delta = take_i64(body, &mut at)?;
    let offset_delta = take_i32(body, &mut at)?;
    let key_size = skip_nullable(body, &mut at)?;
    let value_size = skip_nullable(body, &mut at)?;
    for _ in 0..u32::try_from(take_i32(body, &mut at)?).ok()? {
        if skip_nullable(body, &mut at)? < 0 {
            return None;
        }
        skip_nullable(body, &mut at)?;
    }
    let skimmed = Skimmed { attributes: attributes as i8, timestamp_delta, offset_delta, key_size, value_size };
    (at == body.len()).then_some(skimmed)
}

/// Over a size and as many bytes; the size, of which -1 is null.
fn skip_nullable(body: &[u8], at: &mut usize) -> Option<i32> {
    let size = take_i32(body, at)?;
    if size != -1 {
        *at = at.checked_add(usize::try_from(size).ok()?).filter(|end| *end <= body.len())?;
    }
    Some(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::wire::batch::{BatchBuilder, BatchOptions};
    use bytes::Bytes;

    #[test]
    fn a_record_is_stepped_over_and_no_cut_passes() {
        let mut builder = BatchBuilder::new(BatchOptions::default());
        builder.push(
            5,
            Some(b"key"),
            None,
            &[(Bytes::from_static(b"h"), None), (Bytes::from_static(b"i"), Some(Bytes::from_static(b"v")))],
        );
        builder.push(9, None, Some(b"value"), &[]);
        let section = builder.build().records_section().expect("not compressed");
        let mut rest = &section[..];
        let first = Skimmed { attributes: 0, timestamp_delta: 0, offset_delta: 0, key_size: 3, value_size: -1 };
        assert_eq!(skim(&mut rest), Some(first));
        let second = Skimmed { timestamp_delta: 4, offset_delta: 1, key_size: -1, value_size: 5, ..first };
        assert_eq!(skim(&mut rest), Some(second));
        assert!(rest.is_empty());
        let size = section.len() - 14;
        assert!((0..size).all(|cut| skim(&mut &section[..cut]).is_none()), "the first record has {size} bytes");
    }
}

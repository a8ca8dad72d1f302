//! Delta debugging (Zeller, Hildebrandt 2002): the fewest items that still show it.

/// Drops chunks, then smaller ones, down to single items, as long as `shows` says that what is left still shows it. At most `tries`
/// questions are asked. `items` itself is taken to show it.
pub(crate) fn shrink<T: Clone>(items: Vec<T>, mut tries: u32, shows: &mut dyn FnMut(&[T]) -> bool) -> Vec<T> {
    let mut items = items;
    let mut chunk = items.len().div_ceil(2).max(1);
    loop {
        let mut dropped = false;
        let mut from = 0;
        while from < items.len() {
            if tries == 0 {
                return items;
            }
            tries -= 1;
            let rest: Vec<T> = items.iter().take(from).chain(items.iter().skip(from + chunk)).cloned().collect();
            if shows(&rest) {
                items = rest;
                dropped = true;
            } else {
                from += chunk;
            }
        }
        if chunk > 1 {
            chunk = chunk.div_ceil(2);
        } else if !dropped {
            return items;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_stays_and_nothing_else() {
        let mut asked = 0;
        let left = shrink((0..100).collect(), 1000, &mut |items: &[i32]| {
            asked += 1;
            items.contains(&17) && items.contains(&18) && items.contains(&90)
        });
        assert_eq!(left, [17, 18, 90]);
        assert!(asked < 200, "{asked}");
    }

    #[test]
    fn an_item_that_only_goes_after_another_goes_too() {
        // 5 can be dropped only once 7 is gone.
        let left = shrink((0..10).collect(), 1000, &mut |items: &[i32]| items.contains(&2) && (items.contains(&5) || !items.contains(&7)));
        assert_eq!(left, [2]);
    }

    #[test]
    fn nothing_is_needed_and_tries_end() {
        assert_eq!(shrink(vec![1, 2, 3], 100, &mut |_| true), Vec::<i32>::new());
        assert_eq!(shrink(vec![1, 2, 3], 1, &mut |_| false), [1, 2, 3]);
        assert_eq!(shrink(Vec::<i32>::new(), 9, &mut |_| true), Vec::<i32>::new());
    }
}

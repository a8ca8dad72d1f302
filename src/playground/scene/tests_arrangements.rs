//! What holds for each arrangement of the list, and for each way between two of them.

use super::arrangements::{by_broker::BY_BROKER, by_topic::BY_TOPIC};
use super::tests_many::{FIFTY, THREE, played, replicated};
use super::*;

#[test]
fn each_arrangement_has_a_name_of_its_own_and_says_what_it_shows() {
    for (i, arrangement) in ARRANGEMENTS.into_iter().enumerate() {
        assert!(arrangement.id.chars().all(|c| c.is_ascii_lowercase()) && !arrangement.id.is_empty(), "{arrangement:?}");
        assert!(arrangement.about.ends_with('.') && arrangement.about.len() < 90, "{arrangement:?}");
        assert!(arrangement.label.len() < 14, "the switch has room for it: {}", arrangement.label);
        assert_eq!(Arrangement::named(arrangement.id), Some(arrangement));
        for other in &ARRANGEMENTS[..i] {
            assert!(other.id != arrangement.id && other.label != arrangement.label);
        }
    }
    assert_eq!(Arrangement::named("none"), None);
}

/// How many things of each kind there are, and which.
fn things(view: &WorldView, layout: &Layout) -> (Vec<usize>, Vec<Target>) {
    let rows = layout.rows.iter().map(|row| row.followers.len());
    let kinds = [layout.producers.len(), layout.brokers.len(), layout.bands.len(), layout.links.len(), layout.internal.len()];
    (kinds.into_iter().chain(rows).collect(), layout::places(view, layout).into_iter().map(|place| place.what).collect())
}

#[test]
fn between_any_two_arrangements_the_same_things_are_on_their_way() {
    for view in [replicated(), played(THREE, 20).view(), played(FIFTY, 20).view()] {
        for width in [320.0, 390.0, 800.0, 1280.0] {
            let camera = |arrangement| View { arrangement, room: 606.0, ..View::new(width) };
            for (from, to) in ARRANGEMENTS.into_iter().flat_map(|from| ARRANGEMENTS.map(|to| (from, to))) {
                let at = |part| layout(&view, &camera(ArrangementBlend { from, to, part }));
                let (start, middle, end) = (at(0.0), at(0.5), at(1.0));
                assert_eq!(things(&view, &start), things(&view, &end), "{from:?} to {to:?}");
                for ((a, half), b) in start.rows.iter().zip(&middle.rows).zip(&end.rows) {
                    assert!((half.top - f32::midpoint(a.top, b.top)).abs() < 0.1, "{from:?} to {to:?}: row {}", half.partition);
                }
                let picture = scene(&view, view.now, &camera(ArrangementBlend { from, to, part: 0.5 }));
                for place in &picture.places {
                    assert!(place.rect.x >= 0.0 && place.rect.right() <= width + 0.5, "{place:?} from {from:?} to {to:?} at {width}");
                }
                assert!(!format!("{:?}", picture.shapes).contains("NaN"), "{from:?} to {to:?} at {width}");
            }
        }
    }
}

#[test]
fn a_picture_goes_to_what_is_wanted_last_without_a_leap() {
    let rest = ArrangementBlend::at(&BY_TOPIC);
    assert!(rest.rests_in(&BY_TOPIC) && rest.step_towards(&BY_TOPIC, 0.25) == rest);
    let under_way = rest.step_towards(&BY_BROKER, 0.25);
    assert_eq!(under_way, ArrangementBlend { from: &BY_TOPIC, to: &BY_BROKER, part: 0.25 });
    assert_eq!((under_way.nearer(), under_way.rests_in(&BY_BROKER)), (&BY_TOPIC, false));
    let back = under_way.step_towards(&BY_TOPIC, 0.125);
    assert_eq!(back, ArrangementBlend { from: &BY_BROKER, to: &BY_TOPIC, part: 0.875 }, "it turns round where it is");
    assert!(back.step_towards(&BY_TOPIC, 0.5).rests_in(&BY_TOPIC));
    let arrived = under_way.step_towards(&BY_BROKER, 2.0);
    assert!(arrived.rests_in(&BY_BROKER));
    assert_eq!(arrived.step_towards(&BY_TOPIC, 0.25).part, 0.25);
}

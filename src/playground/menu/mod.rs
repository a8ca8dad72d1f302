//! The menus of the things on the stage: what the operations offer there, and the ways from one menu to the next. A menu item is a line of
//! the scenario language, so that what is chosen from a menu is what a file says.

#[cfg(test)]
mod tests;

pub use crate::world::operations::{Ask, Effect, Field, Form, MenuItem, MenuTarget, form};

use crate::world::operations::{Group, Menu, fill_menu};
use crate::world::target::Target;
use crate::world::view::WorldView;
use std::sync::Arc;

/// What a target is called in a menu's name: `broker-1`, `broker-1 – checkout`.
pub fn title(target: &MenuTarget) -> String {
    match target {
        MenuTarget::At(target) => match target {
            Target::Heading(heading) => heading.name().to_owned(),
            Target::Partition(topic, n) => format!("{topic}-{n}"),
            Target::Group(None) => "without a group".to_owned(),
            Target::Producer(name)
            | Target::Broker(name)
            | Target::Topic(name)
            | Target::Internal(name)
            | Target::Group(Some(name))
            | Target::Consumer(name) => name.to_string(),
            Target::Link(a, b) => format!("{a} – {b}"),
            Target::Record(..) | Target::Frame(_) => String::new(),
        },
        MenuTarget::Links(name) => format!("Links of {name}"),
    }
}

/// All that can be done to the target now; empty when it is not there any more.
pub fn menu_items(view: &WorldView, target: &MenuTarget) -> Vec<MenuItem> {
    match target {
        MenuTarget::At(target) => {
            let mut menu = Menu::new(view, target);
            fill_menu(&mut menu);
            open_parts(&mut menu);
            menu.into_items()
        }
        MenuTarget::Links(node) => links(view, node),
    }
}

/// The menus of a group's members and of an internal topic's partitions, which do not stand on the stage.
fn open_parts(menu: &mut Menu<'_>) {
    let view = menu.view;
    match menu.target {
        Target::Group(Some(group)) => {
            for consumer in view.consumers.iter().filter(|consumer| consumer.group.as_ref() == Some(group)) {
                let member = MenuTarget::At(Target::Consumer(consumer.name.clone()));
                menu.open(Group::Members, &format!("{}…", consumer.name), consumer.client_state.name(), member);
            }
        }
        Target::Internal(topic) => {
            for partition in view.partitions.iter().map(|state| &state.view).filter(|view| view.topic == *topic) {
                let target = MenuTarget::At(Target::Partition(topic.clone(), partition.partition));
                menu.open(Group::Partitions, &format!("{topic}-{}…", partition.partition), "", target);
            }
        }
        _ => {}
    }
}

/// The menus of a node's links.
fn links(view: &WorldView, node: &Arc<str>) -> Vec<MenuItem> {
    let brokers = view.brokers.iter().map(|broker| &broker.name);
    let clients = view.producers.iter().map(|p| &p.name).chain(view.consumers.iter().map(|c| &c.name));
    // Clients have links to brokers only.
    let clients = clients.filter(|_| view.brokers.iter().any(|broker| broker.name == *node));
    let here = Target::Broker(node.clone());
    let mut menu = Menu::new(view, &here);
    for other in brokers.chain(clients).filter(|other| *other != node) {
        let link = MenuTarget::At(Target::Link(node.clone(), other.clone()));
        menu.open(Group::To, other, &view.link_words(node, other), link);
    }
    menu.into_items()
}

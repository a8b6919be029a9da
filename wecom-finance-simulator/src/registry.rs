//! The worlds of this process by corp id: the C functions are given nothing else to find them by.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, Weak},
};

use crate::{
    World,
    world::{Inner, lock},
};

#[derive(Default)]
struct Registry {
    known: HashMap<String, Weak<Inner>>,
    /// Worlds that a C function table was taken of.
    kept: HashMap<String, World>,
}

static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(Mutex::default);

/// Makes the world findable as long as it lives. Of two with the same corp id the later one is found.
pub(crate) fn register(world: &World) {
    let mut registry = lock(&REGISTRY);
    registry.known.retain(|_, world| world.strong_count() > 0);
    registry.known.insert(world.corp_id().to_owned(), Arc::downgrade(world.inner()));
}

/// Makes the world findable for good.
pub(crate) fn keep(world: &World) {
    register(world);
    lock(&REGISTRY).kept.insert(world.corp_id().to_owned(), world.clone());
}

pub(crate) fn find(corp_id: &str) -> Option<World> {
    lock(&REGISTRY).known.get(corp_id).and_then(Weak::upgrade).map(World::from_inner)
}

/// All living worlds.
pub(crate) fn all() -> Vec<World> {
    lock(&REGISTRY).known.values().filter_map(Weak::upgrade).map(World::from_inner).collect()
}

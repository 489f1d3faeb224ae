//! What an interpreter draws: keyed by the place in its execution, the same whenever it is asked.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rehearsal_engine::execution::Site;

use super::executions::StateMachine;
use crate::world::{ActorId, Core, Name, uuid as text_of_uuid};

pub(super) fn random(core: &mut Core, machine: &StateMachine, actor: ActorId, site: &Site, occurrence: u32) -> f64 {
    const SCALE: f64 = 1.0 / (1u64 << 53) as f64;
    (key(core, machine, actor, site, Name::TRY, occurrence) >> 11) as f64 * SCALE
}

pub(super) fn uuid(core: &mut Core, machine: &StateMachine, actor: ActorId, site: &Site, occurrence: u32) -> String {
    let key = key(core, machine, actor, site, Name::ENTRY, occurrence);
    text_of_uuid(key, key.rotate_left(23) ^ 0x2545_f491).to_string()
}

pub(super) fn task_token(
    core: &mut Core,
    machine: &StateMachine,
    actor: ActorId,
    site: &Site,
    execution: u32,
) -> Arc<str> {
    let key = key(core, machine, actor, site, Name::RESPONSE, 0);
    URL_SAFE_NO_PAD.encode(format!("{execution}.{key:016x}")).into()
}

/// Whose task a token may be of; `None` for what is no token.
pub(super) fn execution_of(token: &str) -> Option<u32> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (execution, key) = std::str::from_utf8(&bytes).ok()?.split_once('.')?;
    u64::from_str_radix(key, 16).ok()?;
    execution.parse().ok()
}

/// The lineage of one attempt of a state.
pub(super) fn site_actor(core: &mut Core, machine: &StateMachine, actor: ActorId, site: &Site) -> ActorId {
    let mut actor = actor;
    for step in site.scope.iter() {
        actor = core.child(actor, machine.states[step.state.0 as usize], (step.visit << 8) | step.attempt);
        actor = core.child(actor, Name::ENTRY, step.index);
    }
    actor = core.child(actor, machine.states[site.state.0 as usize], site.visit);
    core.child(actor, Name::TRY, site.attempt)
}

fn key(core: &mut Core, machine: &StateMachine, actor: ActorId, site: &Site, name: Name, occurrence: u32) -> u64 {
    let actor = site_actor(core, machine, actor, site);
    core.entropy(actor, name, occurrence)
}

//! The walk through an event that is a value.

use super::findings::{Findings, FrameId};
use super::trie::NodeId;
use crate::events::pattern::Scalar;
use crate::json::Json;
use crate::source::NESTING_MAX;

/// Walks an event; what is nested deeper than EventBridge takes is not looked at.
pub(super) fn walk<'e>(event: &'e Json, findings: &mut Findings<'_, 'e>) {
    if matches!(event, Json::Object(_)) {
        value(event, NodeId::ROOT, None, NESTING_MAX, findings);
    }
}

fn value<'e>(at: &'e Json, node: NodeId, frame: Option<FrameId>, depth_left: usize, findings: &mut Findings<'_, 'e>) {
    if depth_left == 0 {
        return;
    }
    match at {
        Json::Object(object) => {
            let trie = &findings.index.trie;
            let keys = trie.keys_below(node);
            for (key, member) in object.iter() {
                if let Some(child) = trie.descend(keys, key.as_bytes()) {
                    value(member, child, frame, depth_left - 1, findings);
                }
            }
        }
        Json::Array(items) => {
            let array = findings.enter_array();
            for item in items.iter() {
                if let Some(scalar) = Scalar::of(item) {
                    found(scalar, node, frame, findings);
                } else {
                    let inside = findings.element(frame, array);
                    value(item, node, Some(inside), depth_left - 1, findings);
                }
            }
            findings.leave_array(array);
        }
        scalar => {
            if let Some(scalar) = Scalar::of(scalar) {
                found(scalar, node, frame, findings);
            }
        }
    }
}

fn found<'e>(scalar: Scalar<'e>, node: NodeId, frame: Option<FrameId>, findings: &mut Findings<'_, 'e>) {
    if let Some(field) = findings.index.trie.field(node) {
        findings.scalar(field, frame, scalar);
    }
}

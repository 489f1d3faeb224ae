use rehearsal_engine::source::{Member, Node, Shape, Span};

/// A text at `span`.
pub fn text(span: Span, text: &str) -> Node {
    Node::new(span, Shape::String(text.into()))
}

/// An object at `span`.
pub fn object(span: Span, members: Vec<Member>) -> Node {
    Node::new(span, Shape::Object(members))
}

/// A list at `span`.
pub fn list(span: Span, items: Vec<Node>) -> Node {
    Node::new(span, Shape::Array(items))
}

/// A member whose key stands at `span`.
pub fn member(key: &str, span: Span, value: Node) -> Member {
    Member { key: key.into(), key_span: span, value }
}

/// A call of an intrinsic function.
pub fn call(function: &str, span: Span, argument: Node) -> Node {
    object(span, vec![member(function, span, argument)])
}

/// `Fn::GetAtt`
pub fn get_att(span: Span, id: &str, attribute: &str) -> Node {
    call("Fn::GetAtt", span, list(span, vec![text(span, id), text(span, attribute)]))
}

/// The members of an object but those.
pub fn without(node: &Node, keys: &[&str]) -> Vec<Member> {
    node.members().iter().filter(|member| !keys.contains(&&*member.key)).cloned().collect()
}

/// A generated resource; it exists when the one at `outer` does.
pub fn resource(outer: &Node, id: &str, span: Span, resource_type: &str, properties: Vec<Member>) -> Member {
    let mut members = vec![member("Type", span, text(span, resource_type))];
    members.extend(outer.member("Condition").cloned());
    members.push(member("Properties", span, object(span, properties)));
    member(id, span, object(span, members))
}

/// A resource with another type and other properties.
pub fn retyped(outer: &Node, resource_type: &str, properties: Node) -> Node {
    let mut members = without(outer, &["Properties", "IgnoreGlobals", "Connectors"]);
    for member in &mut members {
        if &*member.key == "Type" {
            member.value.shape = Shape::String(resource_type.into());
        }
    }
    members.push(member("Properties", properties.span, properties));
    object(outer.span, members)
}

/// The trust policy for a service.
pub fn trust(span: Span, service: &str) -> Node {
    let principal = object(span, vec![member("Service", span, text(span, service))]);
    let statement = object(
        span,
        vec![
            member("Effect", span, text(span, "Allow")),
            member("Principal", span, principal),
            member("Action", span, text(span, "sts:AssumeRole")),
        ],
    );
    object(span, vec![member("Statement", span, list(span, vec![statement]))])
}

/// A policy with one statement.
pub fn policy(span: Span, name: &str, actions: Vec<Node>, resources: Vec<Node>) -> Node {
    let statement = object(
        span,
        vec![
            member("Effect", span, text(span, "Allow")),
            member("Action", span, list(span, actions)),
            member("Resource", span, list(span, resources)),
        ],
    );
    let document = object(span, vec![member("Statement", span, list(span, vec![statement]))]);
    object(span, vec![member("PolicyName", span, text(span, name)), member("PolicyDocument", span, document)])
}

/// SAM: of scalars the resource's wins, maps are merged, lists are the global one followed by the resource's.
pub fn merge(global: &Node, own: &Node) -> Node {
    match (&global.shape, &own.shape) {
        (Shape::Object(globals), Shape::Object(owns)) if !is_call(global) && !is_call(own) => {
            let mut members: Vec<Member> = Vec::with_capacity(globals.len() + owns.len());
            for member in globals {
                let value = own.get(&member.key).map_or_else(|| member.value.clone(), |own| merge(&member.value, own));
                members.push(Member { value, ..member.clone() });
            }
            members.extend(owns.iter().filter(|member| global.get(&member.key).is_none()).cloned());
            object(own.span, members)
        }
        (Shape::Array(globals), Shape::Array(owns)) => list(own.span, globals.iter().chain(owns).cloned().collect()),
        _ => own.clone(),
    }
}

fn is_call(node: &Node) -> bool {
    matches!(node.members(), [member] if &*member.key == "Ref" || member.key.starts_with("Fn::"))
}

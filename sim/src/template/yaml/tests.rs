use std::fmt::Write;

use rehearsal_engine::json;
use rehearsal_engine::source::Position;

use super::*;

fn tree(text: &str) -> Node {
    let (node, problems) = read(text, Dialect::CloudFormation);
    assert!(problems.is_empty(), "{text:?}: {problems:?}");
    node.unwrap_or_else(|| panic!("no document in {text:?}"))
}

fn problems(text: &str) -> Vec<String> {
    let (_, problems) = read(text, Dialect::CloudFormation);
    let shown = problems.iter().map(|problem| {
        let Position { line, column } = Position::of(text, problem.span.start);
        format!("{line}:{column} {}", problem.message)
    });
    shown.collect()
}

#[test]
fn plain_words_are_read_as_cloudformation_reads_them() {
    for (word, value) in [
        ("2012-10-17", json!("2012-10-17")),
        ("2010-09-09", json!("2010-09-09")),
        ("012345678901", json!("012345678901")),
        ("111111111111", json!(111_111_111_111_i64)),
        ("yes", json!(true)),
        ("Off", json!(false)),
        ("true", json!(true)),
        ("y", json!("y")),
        ("~", json!(null)),
        ("", json!(null)),
        ("5", json!(5)),
        ("-3", json!(-3)),
        ("+3", json!(3)),
        ("1.50", json!(1.5)),
        ("0.5", json!(0.5)),
        (".5", json!(0.5)),
        ("12e5", json!("12e5")),
        ("1.0e3", json!(1000.0)),
        ("0x1F", json!(31)),
        ("010", json!("010")),
        ("22:22", json!("22:22")),
        ("1_000", json!("1_000")),
        (".inf", json!(".inf")),
        (".", json!(".")),
        ("-", json!([null])),
        ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
        ("'5'", json!("5")),
        ("\"true\"", json!("true")),
        ("!!str 5", json!("5")),
        ("! 5", json!("5")),
        ("!!int 5", json!(5)),
    ] {
        let text = format!("a:\n  {word}\n");
        assert_eq!(tree(&text).get("a").map(Node::to_json), Some(value), "{word}");
    }
}

#[test]
fn a_scenario_reads_yaml_1_2() {
    let (node, problems) = read("a: yes\nb: off\nc: 1e3\nd: true\n", Dialect::Plain);
    assert!(problems.is_empty());
    assert_eq!(node.map(|node| node.to_json()), Some(json!({"a": "yes", "b": "off", "c": 1000.0, "d": true})));
}

#[test]
fn short_forms_become_long_forms() {
    for (text, value) in [
        ("!Ref Bus", json!({"Ref": "Bus"})),
        ("!Condition IsProd", json!({"Condition": "IsProd"})),
        ("!GetAtt A.B.C", json!({"Fn::GetAtt": ["A", "B.C"]})),
        ("!GetAtt [A, B]", json!({"Fn::GetAtt": ["A", "B"]})),
        ("!GetAtt 'A.B'", json!({"Fn::GetAtt": ["A", "B"]})),
        ("!Sub 'a ${B}'", json!({"Fn::Sub": "a ${B}"})),
        ("!Sub ['${x}', {x: !Ref Y}]", json!({"Fn::Sub": ["${x}", {"x": {"Ref": "Y"}}]})),
        ("!Join ['', [a, !Ref B]]", json!({"Fn::Join": ["", ["a", {"Ref": "B"}]]})),
        ("!If\n    - C\n    - 1\n    - !Ref AWS::NoValue", json!({"Fn::If": ["C", 1, {"Ref": "AWS::NoValue"}]})),
        ("!Base64\n    Fn::Sub: x", json!({"Fn::Base64": {"Fn::Sub": "x"}})),
        ("!GetAZs ''", json!({"Fn::GetAZs": ""})),
        ("!Ref 5", json!({"Ref": "5"})),
        ("!Transform {Name: 'AWS::Include'}", json!({"Fn::Transform": {"Name": "AWS::Include"}})),
    ] {
        let text = format!("a: {text}\n");
        assert_eq!(tree(&text).get("a").map(Node::to_json), Some(value), "{text}");
    }
}

#[test]
fn nodes_and_keys_know_their_bytes() {
    let text = "é: 1\nname: !GetAtt Türe.Arn\nlist:\n  - a: x\n\n# end\n";
    let root = tree(text);
    let of = |span: Span| &text[span.start as usize..span.end as usize];
    let call = root.get("name").expect("a member");
    assert_eq!(of(call.span), "!GetAtt Türe.Arn");
    let member = &call.members()[0];
    assert_eq!(of(member.key_span), "!GetAtt");
    let parts: Vec<&str> = member.value.as_array().expect("split").iter().map(|part| of(part.span)).collect();
    assert_eq!(parts, ["Türe", "Arn"]);
    assert_eq!(root.member("list").map(|member| of(member.key_span)), Some("list"));
    assert_eq!(root.get("list").and_then(|list| list.as_array()?[0].get("a")).map(|node| of(node.span)), Some("x"));
}

#[test]
fn block_scalars_span_their_header_and_their_lines() {
    for (text, wanted) in [
        ("a: |\n  x\n  y\nb: 1\n", "|\n  x\n  y"),
        ("a: >-  # why | not\n\n  x\n", ">-  # why | not\n\n  x"),
        ("a: !Sub |\n  x\n", "!Sub |\n  x"),
        ("- |\n  !x\n", "|\n  !x"),
    ] {
        let root = tree(text);
        let node = root.get("a").or_else(|| root.as_array()?.first()).expect("a value");
        assert_eq!(&text[node.span.start as usize..node.span.end as usize], wanted, "{text:?}");
    }
}

#[test]
fn aliases_repeat_the_anchored_value() {
    let root = tree("base: &tags [a, b]\nuse: *tags\nk: &s text\nl: *s\nm: &r !Ref X\nn: *r\n");
    assert_eq!(root.get("use").map(Node::to_json), Some(json!(["a", "b"])));
    assert_eq!(root.get("l").map(Node::to_json), Some(json!("text")));
    assert_eq!(root.get("n").map(Node::to_json), Some(json!({"Ref": "X"})));
}

#[test]
fn what_cannot_be_read_names_its_place() {
    for (text, wanted) in [
        (
            "a: 1\na: 2\nb: {c: 1, c: 2}\n",
            vec![
                "2:1 the key 'a' appears twice in the same object",
                "3:11 the key 'c' appears twice in the same object",
            ],
        ),
        (
            "a: !Rfe X\nb: !foo Y\n",
            vec![
                "1:4 the tag '!Rfe' is no intrinsic function of CloudFormation",
                "2:4 the tag '!foo' is no intrinsic function of CloudFormation",
            ],
        ),
        ("a: !!binary x\n", vec!["1:4 the YAML type '!!binary' is not supported"]),
        ("<<: {a: 1}\n", vec!["1:1 merge keys ('<<') are not supported"]),
        ("? [a]\n: b\n", vec!["1:3 a key must be a plain word"]),
        ("a: &x [*x]\n", vec!["1:8 the alias stands inside the value that it names"]),
        ("a: 1\n---\nb: 2\n", vec!["2:1 the file holds a second YAML document"]),
        ("a:\n\t- b\n", vec!["2:2 tabs disallowed within this context (block indentation)"]),
        ("a: *nope\n", vec!["1:4 while parsing node, found unknown anchor"]),
    ] {
        assert_eq!(problems(text), wanted, "{text:?}");
    }
}

#[test]
fn problems_come_with_a_remedy() {
    for (text, part) in [
        ("a: !Base64 !Sub x\n", "'Fn::Base64:'"),
        ("a: !Rfe X\n", "did you mean '!Ref'?"),
        ("a:\n\t- b\n", "spaces"),
        ("a: b: c\n", "quotes"),
        ("a: @x\n", "quotes"),
    ] {
        let (_, problems) = read(text, Dialect::CloudFormation);
        let hint = problems.first().and_then(|problem| problem.hint.clone()).unwrap_or_default();
        assert!(hint.contains(part), "{text:?}: {problems:?}");
    }
}

#[test]
fn hostile_texts_are_refused_quickly() {
    let laughs = {
        let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
        for level in 1..20 {
            let one = format!("*a{}, ", level - 1);
            let _ = writeln!(text, "a{level}: &a{level} [{}]", one.repeat(10));
        }
        text
    };
    let deep_by_alias = {
        let mut text = "a0: &a0 [x]\n".to_owned();
        for level in 1..300 {
            let _ = writeln!(text, "a{level}: &a{level} [*a{}]", level - 1);
        }
        text
    };
    for (text, part) in [
        (laughs, "expand to more than"),
        (deep_by_alias, "nested deeper"),
        ("- ".repeat(100_000), "nested deeper"),
        ("[".repeat(100_000), "nested deeper"),
        ("{a: ".repeat(100_000), "nested deeper"),
        ("x".repeat(TEXT_BYTES_MAX + 1), "at most"),
    ] {
        let (node, problems) = read(&text, Dialect::CloudFormation);
        assert!(node.is_none());
        assert!(problems.iter().any(|problem| problem.message.contains(part)), "{part}: {problems:?}");
    }
}

#[test]
fn json_is_told_by_name_or_content_and_checked_alike() {
    for (name, text, value) in [
        ("t.json", "{\"a\": \"yes\"}", json!({"a": "yes"})),
        ("t.template", "\n {\"a\": [1]}", json!({"a": [1]})),
        ("t.template", "a: [1]", json!({"a": [1]})),
        ("t.yaml", "{a: !Ref B}", json!({"a": {"Ref": "B"}})),
    ] {
        let (node, problems) = read_file(name, text, Dialect::CloudFormation);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(node.map(|node| node.to_json()), Some(value), "{name}");
    }
    let (_, problems) = read_file("t.json", "{\"a\": 1, \"a\": 2}", Dialect::CloudFormation);
    assert_eq!(problems[0].message, "the key 'a' appears twice in the same object");
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    let (node, problems) = read_json_text(&deep);
    assert!(node.is_none() && problems.len() == 1);
}

#[test]
fn an_empty_file_is_null_or_nothing() {
    for text in ["", "# only a comment\n", "\u{feff}"] {
        let (node, problems) = read(text, Dialect::CloudFormation);
        assert!(problems.is_empty());
        assert!(node.is_none_or(|node| node.shape == Shape::Null), "{text:?}");
    }
}

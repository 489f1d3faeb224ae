//! HTML as text: whatever comes from a report is escaped, whatever is ours is written as it is.

use serde_json::Value;

/// A page that is being written.
pub(super) struct Page {
    html: String,
}

impl Page {
    pub fn new() -> Page {
        Page { html: String::new() }
    }

    /// Markup of ours, as it is.
    pub fn raw(&mut self, markup: &'static str) -> &mut Page {
        self.html.push_str(markup);
        self
    }

    /// The beginning of an element. An empty class is none.
    pub fn open(&mut self, tag: &'static str, class: &str) -> &mut Page {
        self.html.push('<');
        self.html.push_str(tag);
        if !class.is_empty() {
            self.html.push_str(" class=\"");
            self.escaped(class);
            self.html.push('"');
        }
        self.html.push('>');
        self
    }

    /// The end of an element.
    pub fn close(&mut self, tag: &'static str) -> &mut Page {
        self.html.push_str("</");
        self.html.push_str(tag);
        self.html.push_str(">\n");
        self
    }

    /// An element with a text in it; nothing where the text is empty, but for a cell.
    pub fn tagged(&mut self, tag: &'static str, class: &str, text: &str) -> &mut Page {
        if text.is_empty() && tag != "td" {
            return self;
        }
        self.open(tag, class);
        self.escaped(text);
        self.close(tag)
    }

    /// The beginning of details that open when their title is clicked.
    pub fn summary(&mut self, title: &str) -> &mut Page {
        self.raw("<details>").tagged("summary", "", title)
    }

    /// The beginning of a table with these heads.
    pub fn table(&mut self, heads: &[&str]) -> &mut Page {
        self.raw("<table><thead><tr>");
        for head in heads {
            self.tagged("th", "", head);
        }
        self.raw("</tr></thead><tbody>\n")
    }

    /// A row.
    pub fn cells(&mut self, cells: &[&str]) -> &mut Page {
        self.open("tr", "");
        for cell in cells {
            self.tagged("td", "", cell);
        }
        self.close("tr")
    }

    /// The end of a table.
    pub fn end_table(&mut self) -> &mut Page {
        self.raw("</tbody></table>\n")
    }

    pub fn finish(self) -> String {
        self.html
    }

    /// Control characters are told by their pictures: a page may not hold most of them.
    fn escaped(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.html.push_str("&amp;"),
                '<' => self.html.push_str("&lt;"),
                '>' => self.html.push_str("&gt;"),
                '"' => self.html.push_str("&quot;"),
                '\'' => self.html.push_str("&#39;"),
                '\n' | '\t' => self.html.push(c),
                c if (c as u32) < 0x20 => self.html.extend(char::from_u32(0x2400 + c as u32)),
                '\u{7f}' => self.html.push('\u{2421}'),
                c if ('\u{80}'..'\u{a0}').contains(&c) => self.html.push('\u{fffd}'),
                c => self.html.push(c),
            }
        }
    }
}

/// A member that is a text; nothing where it is not.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A member that is a number.
pub(super) fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// A member that is a list.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Any member as people read it: a text as it is, nothing for `null`, else JSON.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

//! Splits an expression into tokens.

/// A token and where it stands, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A bare name or keyword.
    Word,
    /// `#name`
    Alias,
    /// `:value`
    Value,
    /// Digits, as in a list index.
    Digits,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Comma,
    Dot,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
    /// A character that begins no token.
    Unknown,
    End,
}

/// The tokens of `text`, an [`TokenKind::End`] last.
pub(crate) fn tokenize(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::with_capacity(bytes.len() / 3 + 1);
    let mut start = 0;
    while let Some(&first) = bytes.get(start) {
        if matches!(first, b' ' | b'\t' | b'\n' | b'\r') {
            start += 1;
            continue;
        }
        let (kind, end) = token_at(text, start, first);
        tokens.push(Token { kind, start, end });
        start = end;
    }
    tokens.push(Token { kind: TokenKind::End, start: text.len(), end: text.len() });
    tokens
}

fn token_at(text: &str, start: usize, first: u8) -> (TokenKind, usize) {
    let bytes = text.as_bytes();
    let second = bytes.get(start + 1).copied();
    let while_in = |class: fn(&u8) -> bool| {
        let rest = bytes.get(start + 1..).unwrap_or_default();
        start + 1 + rest.iter().take_while(|byte| class(byte)).count()
    };
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let one = |kind| (kind, start + 1);
    match first {
        b'A'..=b'Z' | b'a'..=b'z' => (TokenKind::Word, while_in(word)),
        b'0'..=b'9' => (TokenKind::Digits, while_in(u8::is_ascii_digit)),
        b'#' if second.is_some_and(|byte| word(&byte)) => (TokenKind::Alias, while_in(word)),
        b':' if second.is_some_and(|byte| word(&byte)) => (TokenKind::Value, while_in(word)),
        b'(' => one(TokenKind::Open),
        b')' => one(TokenKind::Close),
        b'[' => one(TokenKind::OpenBracket),
        b']' => one(TokenKind::CloseBracket),
        b',' => one(TokenKind::Comma),
        b'.' => one(TokenKind::Dot),
        b'=' => one(TokenKind::Equal),
        b'<' if second == Some(b'>') => (TokenKind::NotEqual, start + 2),
        b'<' if second == Some(b'=') => (TokenKind::LessOrEqual, start + 2),
        b'<' => one(TokenKind::Less),
        b'>' if second == Some(b'=') => (TokenKind::GreaterOrEqual, start + 2),
        b'>' => one(TokenKind::Greater),
        b'+' => one(TokenKind::Plus),
        b'-' => one(TokenKind::Minus),
        _ => {
            let width = text.get(start..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
            (TokenKind::Unknown, start + width)
        }
    }
}

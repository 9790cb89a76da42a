/// The columns that a text takes on a terminal: two for East Asian wide letters and emoji, none for ANSI styles.
public func displayWidth(_ text: String) -> Int {
    var width = 0
    var isInEscape = false
    for character in text {
        if isInEscape {
            isInEscape = !character.isLetter
        } else if character == "\u{1B}" {
            isInEscape = true
        } else {
            width += displayWidth(character)
        }
    }
    return width
}

private func displayWidth(_ character: Character) -> Int {
    let first = character.unicodeScalars.first!
    if first.properties.isEmojiPresentation || character.unicodeScalars.contains("\u{FE0F}") { return 2 }
    switch first.properties.generalCategory {
    case .control, .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    switch first.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
        return 2
    default: return 1
    }
}

/// A text from elsewhere as a terminal may be given it: ends of lines and tabs become spaces, other control characters,
/// which would move the cursor or change colours, the sign for what cannot be shown.
public func printable(_ text: String) -> String {
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control: shown.append(scalar.properties.isWhitespace ? " " : "\u{FFFD}")
        case .lineSeparator, .paragraphSeparator: shown.append(" ")
        default: shown.append(scalar)
        }
    }
    return String(shown)
}

/// A line with ANSI styles, cut to at most so many columns; styles that stood open at the cut are closed.
public func cut(_ line: String, columns: Int) -> String {
    guard displayWidth(line) > columns else { return line }
    var kept = ""
    var width = 0
    var isInEscape = false
    for character in line {
        if isInEscape || character == "\u{1B}" {
            isInEscape = !isInEscape || !character.isLetter
        } else {
            width += displayWidth(character)
            if width > columns { return kept + (kept.contains("\u{1B}") ? "\u{1B}[0m" : "") }
        }
        kept.append(character)
    }
    return kept
}

/// The text, made ``printable(_:)`` and cut to at most `columns`, an ellipsis in the place of what is gone. Unstyled
/// texts only.
public func truncated(_ text: String, columns: Int) -> String {
    let text = printable(text)
    guard displayWidth(text) > columns else { return text }
    guard columns > 0 else { return "" }
    var kept = ""
    var width = 0
    for character in text {
        width += displayWidth(character)
        if width > columns - 1 { break }
        kept.append(character)
    }
    return kept + "…"
}

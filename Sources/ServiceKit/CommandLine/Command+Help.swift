extension Command {
    /// The help page of this command.
    /// - Parameters:
    ///   - path: the words that lead to it.
    ///   - columns: the width to wrap at.
    public func help(path: [String], columns: Int = 90) -> String {
        var sections = [wrap("OVERVIEW: " + abstract, indent: 0, columns: columns)]
        if !discussion.isEmpty {
            let paragraphs = discussion.split(separator: "\n", omittingEmptySubsequences: false)
            sections.append(paragraphs.map { wrap(String($0), indent: 0, columns: columns) }.joined(separator: "\n"))
        }
        var usage = ["USAGE:"] + path
        if !subcommands.isEmpty { usage.append("<subcommand>") }
        usage += arguments.map(\.usage)
        if !options.isEmpty { usage.append("[options]") }
        sections.append(wrap(usage.joined(separator: " "), indent: 7, columns: columns))

        var optionRows = options.map { ($0.usage, $0.help + ($0.defaultText.map { " (default: \($0))" } ?? "")) }
        if version != nil { optionRows.append(("--version", "Print the version.")) }
        optionRows.append(("-h, --help", "Print this help."))
        let tables = [
            ("ARGUMENTS", arguments.map { ("<\($0.name)>", $0.help) }),
            ("OPTIONS", optionRows),
            ("SUBCOMMANDS", subcommands.filter(\.shouldDisplay).map { ($0.name, $0.abstract) }),
            ("EXIT CODES", exitCodes.map { ($0.code, $0.meaning) }),
        ]
        for (title, rows) in tables where !rows.isEmpty {
            sections.append("\(title):\n" + rows.map { row($0, $1, columns: columns) }.joined(separator: "\n"))
        }
        if !subcommands.isEmpty {
            sections.append("  See '\(path[0]) help <subcommand>' for more about one of them.")
        }
        return sections.joined(separator: "\n\n") + "\n"
    }

    private func row(_ left: String, _ help: String, columns: Int) -> String {
        let column = 28
        let text = wrap(help, indent: column, columns: columns)
        guard left.count + 4 <= column else {
            return "  \(left)\n" + String(repeating: " ", count: column) + text
        }
        return "  " + left + String(repeating: " ", count: column - left.count - 2) + text
    }
}

/// Breaks a text at spaces so that no line passes `columns`; lines after the first are indented.
func wrap(_ text: String, indent: Int, columns: Int) -> String {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
        let used = line.count + indent
        if !line.isEmpty, used + 1 + word.count > columns {
            lines.append(line)
            line = ""
        }
        line += line.isEmpty ? String(word) : " " + word
    }
    lines.append(line)
    return lines.joined(separator: "\n" + String(repeating: " ", count: indent))
}

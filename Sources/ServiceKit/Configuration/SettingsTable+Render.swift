extension SettingsTable {
    /// The whole table as a YAML file: every key with its default, meaning and environment name. Loading it gives the
    /// defaults again.
    /// - Parameter header: sentences for the top of the file.
    public func renderYAML(header: String) -> String {
        var lines = comment(header, depth: 0)
        var open: [Substring] = []
        for setting in settings {
            let parts = setting.key.split(separator: ".")
            let path = Array(parts.dropLast())
            let shared = zip(path, open).prefix { $0 == $1 }.count
            precondition(
                shared == path.count || !lines.contains(sectionLine(path[...shared])),
                "the settings of \(path.joined(separator: ".")) are not declared side by side")
            for depth in shared..<path.count {
                lines.append("")
                if let text = sections[path[...depth].joined(separator: ".")] { lines += comment(text, depth: depth) }
                lines.append(sectionLine(path[...depth]))
            }
            open = path
            if shared == path.count || path.isEmpty { lines.append("") }
            lines += describe(setting, name: parts.last!, depth: path.count)
        }
        for pass in passThrough { lines += describe(pass) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func sectionLine(_ path: ArraySlice<Substring>) -> String {
        // The full name would repeat what the nesting says; depth keeps equal names of two sections apart.
        indent(path.count - 1) + path.last! + ":" + (path.count > 1 ? "  # \(path.joined(separator: "."))" : "")
    }

    private func describe(_ setting: Setting, name: Substring, depth: Int) -> [String] {
        var lines = comment(setting.documentation, depth: depth)
        var facts = [typeText(setting)]
        facts.append("Environment: \(environmentName(of: setting.key)).")
        facts.removeAll(where: \.isEmpty)
        lines += comment(facts.joined(separator: " "), depth: depth)
        if let text = setting.defaultText {
            lines.append(indent(depth) + "\(name): \(yamlScalar(text, type: setting.type))")
        } else {
            lines.append(indent(depth) + "# \(name):")
        }
        return lines
    }

    private func describe(_ pass: PassThrough) -> [String] {
        let name = pass.prefix.dropLast()
        var lines = [""] + comment(pass.documentation, depth: 0)
        let example = environmentName(of: pass.prefix + (pass.examples.first?.key ?? "some.name"))
        lines += comment("Environment: \(example) and so on.", depth: 0)
        lines.append("\(name):")
        lines += pass.examples.map { "  # \($0.key): \(yamlScalar($0.value, type: .string))" }
        return lines
    }

    private func typeText(_ setting: Setting) -> String {
        switch setting.type {
        case .string, .name: ""
        case .bool: "true or false."
        case .oneOf(let words): "One of: \(words.joined(separator: ", "))."
        default:
            setting.type.expectation.prefix(1).uppercased() + setting.type.expectation.dropFirst() + "."
        }
    }

    private func comment(_ text: String, depth: Int) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { paragraph in
            wrap(String(paragraph), indent: 0, columns: 116 - 2 * depth).split(
                separator: "\n", omittingEmptySubsequences: false
            ).map { $0.isEmpty ? indent(depth) + "#" : indent(depth) + "# \($0)" }
        }
    }

    private func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }

    private func yamlScalar(_ text: String, type: ValueType) -> String {
        if case .list = type {
            guard case .list(let words)? = type.parse(text) else { return text }
            return "[" + words.map { yamlScalar($0, type: .string) }.joined(separator: ", ") + "]"
        }
        let looksLikeAnother =
            type == .string && (Double(text) != nil || ["true", "false", "yes", "no", "null", "~"].contains(text))
        let isPlain = text.allSatisfy { $0.isLetter || $0.isNumber || "._-/:+".contains($0) }
        let startsPlain = text.first.map { $0.isLetter || $0.isNumber || $0 == "." || $0 == "/" } ?? false
        let isNumber = Double(text) != nil && type != .string
        guard looksLikeAnother || !(isNumber || (isPlain && startsPlain && !text.hasSuffix(":"))) else { return text }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}

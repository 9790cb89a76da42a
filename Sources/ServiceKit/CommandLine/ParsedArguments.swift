/// The words of a command line, checked against its command's declaration. Asking for a name or type that the command
/// does not declare is a programmer's error.
public struct ParsedArguments: Sendable {
    /// The words that led to the command: `["freshet", "topics", "create"]`.
    public let path: [String]
    let types: [String: ValueType?]
    var texts: [String: [String]] = [:]
    var defaults: [String: String] = [:]
    var flags: Set<String> = []

    init(path: [String], command: Command) {
        self.path = path
        var types: [String: ValueType?] = [:]
        for argument in command.arguments { types[argument.name] = argument.type }
        for option in command.options {
            types[option.name] = option.type
            defaults[option.name] = option.defaultText
        }
        self.types = types
    }

    /// The text of an argument or option, its default, or `nil`.
    public subscript(_ name: String) -> String? {
        precondition(declared(name) != nil, "--\(name) is a flag")
        return texts[name]?.last ?? defaults[name]
    }

    /// Whether an argument or option was given, whatever its default.
    public func isGiven(_ name: String) -> Bool {
        precondition(declared(name) != nil, "--\(name) is a flag")
        return texts[name] != nil
    }

    /// The text of an argument or option that is required or has a default.
    public func required(_ name: String) -> String {
        guard let text = self[name] else { preconditionFailure("\(name) is neither required nor has it a default") }
        return text
    }

    /// All texts of a repeating argument or option, in their order.
    public func all(_ name: String) -> [String] {
        precondition(declared(name) != nil, "--\(name) is a flag")
        return texts[name] ?? defaults[name].map { [$0] } ?? []
    }

    /// Whether a flag was given.
    public func flag(_ name: String) -> Bool {
        precondition(declared(name) == nil, "--\(name) is no flag")
        return flags.contains(name)
    }

    /// The value of what is declared as `.int`, or its default; nil without either. The others likewise.
    public func int(_ name: String) -> Int? {
        guard let value = value(name) else { return nil }
        guard case .int(let number) = value else { preconditionFailure("\(name) is not declared as .int") }
        return number
    }

    public func double(_ name: String) -> Double? {
        guard let value = value(name) else { return nil }
        guard case .double(let number) = value else { preconditionFailure("\(name) is not declared as .double") }
        return number
    }

    public func duration(_ name: String) -> Duration? {
        guard let value = value(name) else { return nil }
        guard case .duration(let duration) = value else { preconditionFailure("\(name) is no .duration") }
        return duration
    }

    /// In bytes, of what is declared as `.byteSize`.
    public func bytes(_ name: String) -> Int? {
        guard let value = value(name) else { return nil }
        guard case .bytes(let number) = value else { preconditionFailure("\(name) is no .byteSize") }
        return number
    }

    /// The `name=value` pairs of a repeating option such as `--set`, in their order.
    /// - Throws: ``UsageError`` for a text without `=` or name.
    public func pairs(_ name: String) throws -> [(name: String, value: String)] {
        try all(name).map { text in
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw UsageError("--\(name) takes name=value, not '\(text)'", path: path)
            }
            return (String(text[..<equals]), String(text[text.index(after: equals)...]))
        }
    }

    private func value(_ name: String) -> Value? {
        guard let type = declared(name) else { preconditionFailure("--\(name) is a flag") }
        return self[name].flatMap(type.parse)
    }

    private func declared(_ name: String) -> ValueType? {
        guard let type = types[name] else { preconditionFailure("\(path.joined(separator: " ")) has no \(name)") }
        return type
    }
}

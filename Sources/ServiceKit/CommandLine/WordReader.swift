/// Reads the words of one command: options, flags and positional arguments in any order.
struct WordReader {
    let command: Command
    let path: [String]
    let version: String?
    private var words: ArraySlice<String>
    private var parsed: ParsedArguments
    private var positional: [String] = []

    init(command: Command, path: [String], words: ArraySlice<String>, version: String?) {
        self.command = command
        self.path = path
        self.words = words
        self.version = version
        parsed = ParsedArguments(path: path, command: command)
    }

    mutating func read() throws(UsageError) -> Command.Request {
        while let word = words.popFirst() {
            if word == "--help" || word == "-h" { return .help(command, path: path) }
            if word == "--version", let version { return .version(version) }
            if word == "--" {
                positional += words
                break
            }
            if word.hasPrefix("-"), word != "-", !Self.isNegativeNumber(word) {
                try readOption(word)
            } else {
                positional.append(word)
            }
        }
        try assignPositional()
        return .run(command, parsed)
    }

    private mutating func readOption(_ word: String) throws(UsageError) {
        let equals = word.firstIndex(of: "=")
        let name = String(word[..<(equals ?? word.endIndex)])
        guard let option = command.options.first(where: { "--\($0.name)" == name || $0.short.map { "-\($0)" } == name })
        else { throw unknownOption(name) }
        var text = equals.map { String(word[word.index(after: $0)...]) }
        guard let type = option.type else {
            guard text == nil else { throw error("\(name) takes no value") }
            parsed.flags.insert(option.name)
            return
        }
        if text == nil, let next = words.first, !next.hasPrefix("-") || next == "-" || Self.isNegativeNumber(next) {
            text = words.removeFirst()
        }
        guard let text else { throw error("\(name) needs a value: \(option.usage)") }
        guard type.parse(text) != nil else { throw wrongValue(text, of: name, type: type) }
        parsed.texts[option.name, default: []].append(text)
    }

    private mutating func assignPositional() throws(UsageError) {
        var rest = positional[...]
        for argument in command.arguments {
            let count = argument.isRepeating ? rest.count : min(1, rest.count)
            guard count > 0 else {
                if argument.isRequired { throw error("<\(argument.name)> is missing") }
                break
            }
            for text in rest.prefix(count) {
                guard argument.type.parse(text) != nil else {
                    throw wrongValue(text, of: "<\(argument.name)>", type: argument.type)
                }
                parsed.texts[argument.name, default: []].append(text)
            }
            rest = rest.dropFirst(count)
        }
        if let extra = rest.first { throw error("unexpected argument '\(extra)'") }
    }

    private func unknownOption(_ name: String) -> UsageError {
        let known = command.options.map { "--\($0.name)" } + ["--help"]
        let tail = nearestWord(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""
        return error("unknown option '\(name)'\(tail)")
    }

    private func wrongValue(_ text: String, of name: String, type: ValueType) -> UsageError {
        var tail = ""
        if case .oneOf(let words) = type, let near = nearestWord(to: text, among: words) {
            tail = "; did you mean '\(near)'?"
        }
        return error("\(name) takes \(type.expectation), not '\(text)'\(tail)")
    }

    private func error(_ message: String) -> UsageError { UsageError(message, path: path) }

    private static func isNegativeNumber(_ word: String) -> Bool {
        word.hasPrefix("-") && Double(word) != nil && word.dropFirst().first?.isLetter == false
    }
}

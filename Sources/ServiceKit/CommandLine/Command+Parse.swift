extension Command {
    /// What a command line asks for.
    enum Request {
        case run(Command, ParsedArguments)
        case help(Command, path: [String])
        case version(String)
    }

    /// Reads the words after the program's name.
    /// - Throws: ``UsageError``.
    func parse(_ words: [String]) throws(UsageError) -> Request {
        var command = self
        var path = [name]
        var rest = words[...]
        if rest.first == "help" {
            rest = rest.dropFirst() + ["--help"]
        }
        while !command.subcommands.isEmpty {
            guard let word = rest.first else { return .help(command, path: path) }
            if word == "help" {
                rest = rest.dropFirst() + ["--help"]
                continue
            }
            if word == "--help" || word == "-h" { return .help(command, path: path) }
            if word == "--version", let version { return .version(version) }
            guard let next = command.subcommands.first(where: { $0.name == word }) else {
                throw word.hasPrefix("-")
                    ? command.unknownOption(word, path: path, hasVersion: version != nil)
                    : command.unknownSubcommand(word, path: path)
            }
            command = next
            path.append(word)
            rest = rest.dropFirst()
        }
        var reader = WordReader(command: command, path: path, words: rest, version: version)
        return try reader.read()
    }

    private func unknownSubcommand(_ word: String, path: [String]) -> UsageError {
        let known = subcommands.filter(\.shouldDisplay).map(\.name)
        let tail =
            nearestWord(to: word, among: known).map { "; did you mean '\($0)'?" }
            ?? "; there are \(known.joined(separator: ", "))"
        return UsageError("'\(path.joined(separator: " "))' has no subcommand '\(word)'\(tail)", path: path)
    }

    /// A group of commands has no options of its own: what stands before a subcommand is often meant for it.
    private func unknownOption(_ word: String, path: [String], hasVersion: Bool) -> UsageError {
        let name = String(word.prefix { $0 != "=" })
        let known = (hasVersion ? ["--version"] : []) + ["--help"]
        let tail =
            nearestWord(to: name, among: known).map { "; did you mean '\($0)'?" }
            ?? "; there \(known.count == 1 ? "is" : "are") \(known.joined(separator: " and ")), which lists the "
            + "subcommands: their options follow their names"
        return UsageError("'\(path.joined(separator: " "))' has no option '\(name)'\(tail)", path: path)
    }
}

/// One command of a program, declared as a value: its words, what it takes, and what it does.
///
/// A command either has subcommands or runs. The shape is swift-argument-parser's, without its property wrappers:
/// declarations are values that can be shared (`options: kafkaOptions + [...]`).
public struct Command: Sendable {
    /// Does the command's work on the calling thread and returns the exit code.
    public typealias Run = @Sendable (ParsedArguments) throws -> Int32

    public let name: String
    /// One sentence, shown in the list of subcommands and on top of the command's help.
    public let abstract: String
    /// Further paragraphs for the command's own help.
    public let discussion: String
    public let arguments: [Argument]
    public let options: [Option]
    public let subcommands: [Command]
    /// What `--version` prints; only the outermost command has one.
    public let version: String?
    /// What the program ends with, and what that means; only the outermost command has them.
    public let exitCodes: [(code: String, meaning: String)]
    /// Whether lists of subcommands show it.
    public let shouldDisplay: Bool
    let run: Run?

    /// Declares a command that runs.
    public init(
        _ name: String, _ abstract: String, discussion: String = "", version: String? = nil,
        arguments: [Argument] = [], options: [Option] = [], shouldDisplay: Bool = true, run: @escaping Run
    ) {
        self.init(
            name: name, abstract: abstract, discussion: discussion, version: version, arguments: arguments,
            options: options, subcommands: [], exitCodes: [], shouldDisplay: shouldDisplay, run: run)
    }

    /// Declares a command that is only a group of others; alone, it prints its help.
    public init(
        _ name: String, _ abstract: String, discussion: String = "", version: String? = nil, subcommands: [Command],
        exitCodes: [(code: String, meaning: String)] = []
    ) {
        self.init(
            name: name, abstract: abstract, discussion: discussion, version: version, arguments: [], options: [],
            subcommands: subcommands, exitCodes: exitCodes, shouldDisplay: true, run: nil)
    }

    private init(
        name: String, abstract: String, discussion: String, version: String?, arguments: [Argument],
        options: [Option], subcommands: [Command], exitCodes: [(code: String, meaning: String)], shouldDisplay: Bool,
        run: Run?
    ) {
        let names = options.map(\.name)
        precondition(Set(names).count == names.count, "an option of \(name) is declared twice")
        precondition(
            !arguments.dropLast().contains { $0.isRepeating }, "only the last argument of \(name) can repeat")
        precondition(
            !zip(arguments, arguments.dropFirst()).contains { !$0.isRequired && $1.isRequired },
            "a required argument of \(name) follows an optional one")
        self.name = name
        self.abstract = abstract
        self.discussion = discussion
        self.version = version
        self.arguments = arguments
        self.options = options
        self.subcommands = subcommands
        self.exitCodes = exitCodes
        self.shouldDisplay = shouldDisplay
        self.run = run
    }
}

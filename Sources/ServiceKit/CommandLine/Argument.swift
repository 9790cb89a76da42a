/// A positional argument of a command.
public struct Argument: Sendable {
    public let name: String
    public let help: String
    public let type: ValueType
    public let isRequired: Bool
    public let isRepeating: Bool

    /// - Parameters:
    ///   - name: its name in help and in ``ParsedArguments``, lower case (`file`).
    ///   - isRepeating: it takes all the words that are left.
    public init(
        _ name: String, _ help: String, type: ValueType = .string, isRequired: Bool = true, isRepeating: Bool = false
    ) {
        self.name = name
        self.help = help
        self.type = type
        self.isRequired = isRequired
        self.isRepeating = isRepeating
    }

    var usage: String {
        let word = "<\(name)>" + (isRepeating ? " ..." : "")
        return isRequired ? word : "[\(word)]"
    }
}

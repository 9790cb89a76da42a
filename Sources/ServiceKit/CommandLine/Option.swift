/// An option (`--partitions 8`) or flag (`--json`) of a command.
public struct Option: Sendable {
    /// The long name without dashes (`stop-at-end`).
    public let name: String
    /// Its letter without the dash (`n`).
    public let short: Character?
    public let help: String
    /// The type of its value; `nil` for a flag.
    public let type: ValueType?
    /// What stands for the value in help (`host:port`).
    public let placeholder: String
    /// What is taken where it is not given; nil for none.
    public let defaultText: String?
    public let isRepeating: Bool

    /// An option with a value.
    /// - Parameters:
    ///   - default: taken when the option is not given; must be of the type.
    ///   - isRepeating: it can be given several times (`--set a=1 --set b=2`); else the last one counts.
    public static func option(
        _ name: String, _ placeholder: String, _ help: String, short: Character? = nil, type: ValueType = .string,
        default defaultText: String? = nil, isRepeating: Bool = false
    ) -> Option {
        precondition(defaultText.map { type.parse($0) != nil } ?? true, "the default of --\(name) is not of its type")
        return Option(
            name: name, short: short, help: help, type: type, placeholder: placeholder, defaultText: defaultText,
            isRepeating: isRepeating)
    }

    /// An option without a value.
    public static func flag(_ name: String, _ help: String, short: Character? = nil) -> Option {
        Option(
            name: name, short: short, help: help, type: nil, placeholder: "", defaultText: nil, isRepeating: false)
    }

    var usage: String {
        let names = (short.map { "-\($0), " } ?? "") + "--\(name)"
        return type == nil ? names : "\(names) <\(placeholder)>"
    }
}

/// One setting: its key, type, default and meaning. Everything else that is said about settings (YAML errors, the
/// environment names, `--set`, `Config/freshet.yaml`) is made from these declarations.
public struct Setting: Sendable {
    /// Dotted, lower case: `processing.commit.interval`.
    public let key: String
    public let type: ValueType
    /// As it would be written in the file; `nil` when the setting has no value unless somebody gives one.
    public let defaultText: String?
    /// One or more sentences.
    public let documentation: String

    public init(
        _ key: String, _ type: ValueType, default defaultText: String? = nil, _ documentation: String
    ) {
        precondition(
            defaultText.map { type.parse($0) != nil } ?? true, "the default of \(key) is not \(type.expectation)")
        self.key = key
        self.type = type
        self.defaultText = defaultText
        self.documentation = documentation
    }
}

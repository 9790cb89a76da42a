/// A value from the command line, the source of the highest precedence.
public struct Override: Sendable {
    public let key: String
    /// As it would be written in the file.
    public let text: String
    /// The flag that gave it, for errors: `--set`, `--bootstrap`.
    public let flag: String

    public init(key: String, text: String, flag: String = "--set") {
        self.key = key
        self.text = text
        self.flag = flag
    }
}

/// A command line that cannot be understood: names the wrong word, suggests the nearest right one.
public struct UsageError: Error, CustomStringConvertible, ExitCoding {
    public let message: String
    /// The words that lead to the command whose help would tell more.
    public internal(set) var path: [String]

    /// A command's run function can throw one too, for what no declaration can say ("--a and --b exclude each other").
    public init(_ message: String) {
        self.init(message, path: [])
    }

    init(_ message: String, path: [String]) {
        self.message = message
        self.path = path
    }

    public var description: String { message }
    public var exitCode: Int32 { 64 }
}

/// An error that knows the program's exit code (sysexits.h); every other error ends a program with 70, its own fault: 1 is
/// for answers.
public protocol ExitCoding: Error {
    /// What the process ends with.
    var exitCode: Int32 { get }
}

/// Whoever read the output has gone and had enough (`| head`): nothing is left to do, and nothing is wrong.
public struct ReaderGone: Error {
    public init() {}
}

/// A failure that a person reads: what went wrong, and what to do about it.
public struct CommandFailure: Error, CustomStringConvertible, ExitCoding {
    public let message: String
    /// What to do, in one sentence or command.
    public let remedy: String?
    public let exitCode: Int32

    public init(_ message: String, remedy: String? = nil, exitCode: Int32 = 70) {
        self.message = message
        self.remedy = remedy
        self.exitCode = exitCode
    }

    public var description: String {
        remedy.map { "\(message)\n  \($0)" } ?? message
    }
}

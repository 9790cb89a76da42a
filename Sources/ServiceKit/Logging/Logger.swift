/// Writes structured lines: the shape of swift-log's `Logger`, so that either can stand for the other.
///
/// A disabled call costs one atomic load: message and metadata are not made.
public struct Logger: Sendable {
    public typealias Metadata = [String: MetadataValue]

    public enum Level: Int, Sendable, CaseIterable, Comparable {
        case trace, debug, info, notice, warning, error, critical

        /// From its name as a setting gives it.
        public init?(name: String) {
            guard let level = Self.allCases.first(where: { "\($0)" == name }) else { return nil }
            self = level
        }

        public static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
    }

    public struct Message: Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
        public let description: String
        public init(stringLiteral value: String) { description = value }
    }

    public enum MetadataValue: Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
        case string(String)
        case stringConvertible(any CustomStringConvertible & Sendable)

        public init(stringLiteral value: String) { self = .string(value) }

        public var description: String {
            switch self {
            case .string(let text): text
            case .stringConvertible(let value): value.description
            }
        }
    }

    public let label: String
    let sink: LogSink
    private var metadata: Metadata = [:]

    /// - Parameters:
    ///   - label: the part of the program that speaks.
    ///   - sink: where the lines go; the process's own unless a test takes another.
    public init(label: String, sink: LogSink = .shared) {
        self.label = label
        self.sink = sink
    }

    /// A value that every line of this logger carries.
    public subscript(metadataKey key: String) -> MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(
        level: Level, _ message: @autoclosure () -> Message, metadata extra: @autoclosure () -> Metadata? = nil
    ) {
        guard sink.isEnabled(level) else { return }
        let merged = extra().map { metadata.merging($0) { $1 } } ?? metadata
        sink.write(level: level, label: label, message: message().description, metadata: merged)
    }

    public func trace(_ message: @autoclosure () -> Message, metadata: @autoclosure () -> Metadata? = nil) {
        log(level: .trace, message(), metadata: metadata())
    }

    public func debug(_ message: @autoclosure () -> Message, metadata: @autoclosure () -> Metadata? = nil) {
        log(level: .debug, message(), metadata: metadata())
    }

    public func info(_ message: @autoclosure () -> Message, metadata: @autoclosure () -> Metadata? = nil) {
        log(level: .info, message(), metadata: metadata())
    }

    public func notice(_ message: @autoclosure () -> Message, metadata: @autoclosure () -> Metadata? = nil) {
        log(level: .notice, message(), metadata: metadata())
    }

    public func warning(_ message: @autoclosure () -> Message, metadata: @autoclosure () -> Metadata? = nil) {
        log(level: .warning, message(), metadata: metadata())
    }

    public func error(_ message: @autoclosure () -> Message, metadata: @autoclosure () -> Metadata? = nil) {
        log(level: .error, message(), metadata: metadata())
    }

    public func critical(_ message: @autoclosure () -> Message, metadata: @autoclosure () -> Metadata? = nil) {
        log(level: .critical, message(), metadata: metadata())
    }
}

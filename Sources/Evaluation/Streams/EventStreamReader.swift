public import Events

/// Reads a data set's bytes into a stream: what `DataFileReader` reads, and lines of a user and its items. Of MovieLens only
/// ratings of 4 and 5 count, as purchases, as evaluations on it mostly have it.
public struct EventStreamReader {
    /// Why bytes are no data set.
    public struct Failure: Error, CustomStringConvertible, Equatable {
        /// From 1.
        public var line: Int
        public var message: String

        public var description: String { "line \(line): \(message)" }
    }

    /// What a star rating means.
    public var rule = RatingRule.positives

    public init() {}

    /// Whether a file begins as lines of a user and its items do, which have no times.
    public static func isUserLines(prefix: UnsafeRawBufferPointer) -> Bool {
        DataFormat.detect(prefix: prefix) == nil && UserLines.isLikely(prefix)
    }

    /// The events, in the order of their times.
    /// - Parameter rejected: told of each line that makes no event, and why.
    /// - Throws: where the layout is not known.
    public func read(
        _ bytes: UnsafeRawBufferPointer, rejected: (Rejection, DataRecord) -> Void = { _, _ in }
    ) throws(Failure) -> EventStream {
        let stream = EventStream()
        guard let format = DataFormat.detect(prefix: UnsafeRawBufferPointer(rebasing: bytes.prefix(65_536))) else {
            guard UserLines.isLikely(bytes) else {
                let complaint = DataFormat.complaint(prefix: UnsafeRawBufferPointer(rebasing: bytes.prefix(65_536)))
                throw Failure(
                    line: 1,
                    message: complaint ?? "neither JSON, nor a known table, nor numbers of a user and its items")
            }
            try UserLines.read(bytes, into: stream)
            return stream
        }
        let reader = DataFileReader(format: format, rule: rule)
        let take = { (record: DataRecord) in
            switch record.content {
            case .event(let event): stream.append(event)
            case .rejected(let rejection): rejected(rejection, record)
            }
        }
        reader.read(bytes, take)
        reader.finish(take)
        stream.ratingsLeftOut = reader.ratingsLeftOut
        stream.isUntyped = reader.isUntyped
        stream.sortByTime()
        return stream
    }
}

/// Where the leader's dead letters go: records of the catalogue that say nothing.
///
/// They are in the topic before the position that passes their records is committed, so none is lost. A crash in between
/// may bring a letter twice; both name the same origin, and only one of them is driven back.
public protocol DeadLetterOutput: AnyObject {
    /// The most bytes that the topic takes of a record: key, value and headers together.
    func bytesMax() throws(LogError) -> Int

    func add(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, headers: [(name: String, value: [UInt8]?)]
    ) throws(LogError)

    /// Waits until the topic has what was added.
    func flush() throws(LogError)
}

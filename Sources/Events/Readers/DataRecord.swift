/// One line of a data file, as far as it was understood. Valid only inside the closure that receives it.
public struct DataRecord {
    /// What a line says, or why it says nothing.
    public enum Content {
        case event(ShopEvent)
        case rejected(Rejection)
    }

    public let content: Content
    /// From 1.
    public let line: Int
    /// The line without its end.
    public let source: UnsafeRawBufferPointer
    /// Whether `source` is JSON itself.
    let isJSON: Bool

    /// Appends the value to be sent to the events topic: the line itself if it is JSON, else the event as canonical JSON.
    /// The key to send it under is the event's `user`. Nothing is appended for a line that was rejected.
    public func appendValue(to bytes: inout [UInt8]) {
        guard case .event(let event) = content else { return }
        if isJSON {
            bytes.append(contentsOf: source)
        } else {
            EventEncoder.append(event, to: &bytes)
        }
    }
}

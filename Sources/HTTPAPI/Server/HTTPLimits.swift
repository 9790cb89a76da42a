/// What one client may cost.
public struct HTTPLimits: Sendable {
    /// Connections at a time; an idle one costs 5–17 KB.
    public var connectionsMax = 1_000
    /// Those of one address, so that no client alone keeps the others out.
    public var connectionsOfAddressMax = 500
    /// A connection on which nothing happens for so long is closed.
    public var idleSecondsMax = 60
    /// From its line on a request must have arrived whole within so long, and a reply must have been taken, however steadily it
    /// trickles. The line itself has as long from the connection's beginning, and on one that is kept alive so much more than
    /// ``idleSecondsMax``.
    public var requestMillisecondsMax = 10_000
    /// Request line and headers; a longer head is answered with 431.
    public var headBytesMax = 16 << 10
    /// A longer body is answered with 413.
    public var bodyBytesMax = 64 << 10
    /// Threads that serve; one answers 100,000 requests a second.
    public var threads = 1

    public init() {}
}

internal import CRdKafka

/// The librdkafka that this program runs with, which need not be the one that it was built with.
public struct LibraryVersion: Sendable, Comparable, CustomStringConvertible {
    public let major: Int
    public let minor: Int
    public let patch: Int

    public init(_ major: Int, _ minor: Int, _ patch: Int) {
        (self.major, self.minor, self.patch) = (major, minor, patch)
    }

    /// What the loaded library says of itself; a pre-release counts as its release.
    public static var linked: LibraryVersion {
        // 0xMMmmrrxx, xx being the pre-release.
        let number = Int(rd_kafka_version())
        return LibraryVersion(number >> 24 & 0xFF, number >> 16 & 0xFF, number >> 8 & 0xFF)
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    public var description: String { "\(major).\(minor).\(patch)" }
}

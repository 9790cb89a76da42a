import Events
import Foundation
import Pipeline
import ServiceKit

/// The lines of a file that `freshet state export` writes: JSON, one object a line.
///
///     {"freshet":"state","version":1,"application":…,"offsets":{"0":120},"users":…,"items":…,"users_hash":…,"items_hash":…,"table":…}
///     {"chunk":…}                                                   the item table's, in their order
///     {"partition":0,"state":…,"features":{…},"history":[…]}        a user
///     {"item":{…}}                                                  an item, for people: the chunks say it exactly
///     {"end":true}
///
/// `table`, `chunk` and `state` are the bytes of records of the internal topics in base64. Other members are ignored.
enum StateFile {
    static let version = 1

    struct Head: Codable {
        var freshet = "state"
        var version = StateFile.version
        let application: String
        /// The next offset of each partition of the events topic.
        let offsets: [String: Int64]
        let users: Int
        let items: Int
        let usersHash: String
        let itemsHash: String
        let table: Data

        enum CodingKeys: String, CodingKey {
            case freshet, version, application, offsets, users, items, table
            case usersHash = "users_hash"
            case itemsHash = "items_hash"
        }
    }

    /// Any line behind the head.
    struct Line: Decodable {
        struct Features: Decodable {
            let user: String

            enum CodingKeys: String, CodingKey { case user = "user_id" }
        }

        let chunk: Data?
        let partition: Int32?
        let state: Data?
        let features: Features?
        let end: Bool?
    }

    // MARK: - Writing

    static func write(_ export: StateExport, _ head: Head, to file: OutputFile, progress: () -> Void) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let headLine = try encoder.encode(head)
        try file.write { $0 += headLine + [newline] }
        for chunk in export.chunks {
            try file.write { $0 += Array(#"{"chunk":"\#(base64(chunk))"}"#.utf8) + [newline] }
        }
        try export.forEachUser { user in
            try file.write { bytes in
                bytes += Array(#"{"partition":\#(user.partition),"state":"\#(base64(user.state))","features":"#.utf8)
                bytes += user.features
                bytes += Array(#","history":"#.utf8)
                bytes += user.history
                bytes += [UInt8(ascii: "}"), newline]
            }
            progress()
        }
        try export.forEachItem { row in
            try file.write { bytes in
                bytes += Array(#"{"item":"#.utf8)
                bytes += row
                bytes += [UInt8(ascii: "}"), newline]
            }
            progress()
        }
        try file.write { $0 += Array(#"{"end":true}"#.utf8) + [newline] }
        try file.finish()
    }

    private static let newline = UInt8(ascii: "\n")

    private static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}

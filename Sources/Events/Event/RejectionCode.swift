/// Why a record is a dead letter: the text of the header `freshet.reason`. The raw values are stable.
public enum RejectionCode: String, CaseIterable, Sendable {
    /// The value is null or has no bytes.
    case emptyValue = "empty-value"
    /// The value is not one JSON text (RFC 8259), or something other than white space follows it.
    case malformedJSON = "malformed-json"
    /// The value is not valid UTF-8.
    case notUTF8 = "not-utf8"
    /// The value is JSON, but its top level is not an object.
    case notAnObject = "not-an-object"
    /// Arrays and objects are nested deeper than 64 levels.
    case tooDeep = "too-deep"
    /// The user id is missing, null or empty.
    case missingUser = "missing-user"
    /// The item id is missing, null or empty.
    case missingItem = "missing-item"
    /// The event type is missing, null or empty.
    case missingType = "missing-type"
    /// The time is missing, null or empty.
    case missingTime = "missing-time"
    /// The user id is neither a string nor an integer.
    case badUser = "bad-user"
    /// The item id is neither a string nor an integer.
    case badItem = "bad-item"
    /// The event type is not among the configured names.
    case unknownType = "unknown-type"
    /// The time is in no accepted form, or outside 1970–9999.
    case badTime = "bad-time"
    /// An identifier (or category code, brand) is longer than 256 bytes.
    case tooLongID = "too-long-id"
    /// The catalogue's `available` is neither a truth value nor a number.
    case badAvailable = "bad-available"
    /// The record's key is not the id that its value names.
    case wrongKey = "wrong-key"
    /// The event is later than its record's Kafka timestamp by more than the configured bound.
    case futureTime = "future-time"
    /// The value is no JSON, and the header `content-type` names something else, which no codec here reads.
    case unknownCodec = "unknown-codec"
    /// The configuration says that the record is not to be read (`ingest.skip`).
    case skipped = "skipped"
    /// Not an event but what was made from it: a list or a row that is larger than its topic's `max.message.bytes`.
    case tooLarge = "too-large"

    /// One sentence for a person.
    public var meaning: String {
        switch self {
        case .emptyValue: "The value is null or has no bytes."
        case .malformedJSON: "The value is not one JSON text, or something follows it."
        case .notUTF8: "The value is not valid UTF-8."
        case .notAnObject: "The value is JSON, but not an object."
        case .tooDeep: "Arrays and objects are nested deeper than 64 levels."
        case .missingUser: "The user id is missing, null or empty."
        case .missingItem: "The item id is missing, null or empty."
        case .missingType: "The event type is missing, null or empty."
        case .missingTime: "The time is missing, null or empty."
        case .badUser: "The user id is neither a string nor an integer."
        case .badItem: "The item id is neither a string nor an integer."
        case .unknownType: "The event type is not among the configured names."
        case .badTime: "The time is in no accepted form, or outside the years 1970 to 9999."
        case .tooLongID: "An identifier is longer than 256 bytes."
        case .badAvailable: "The field available is neither a truth value nor a number."
        case .wrongKey: "The record's key is not the id that its value names."
        case .futureTime: "The event is later than its record's Kafka timestamp by more than the bound."
        case .unknownCodec: "The header content-type names something else than JSON, which is all that is read."
        case .skipped: "The configuration says that the record is not to be read (ingest.skip)."
        case .tooLarge: "A list or a row is larger than its topic takes (max.message.bytes)."
        }
    }

    /// What a record of the catalogue can have.
    public static let ofCatalogue: [RejectionCode] = [
        .emptyValue, .malformedJSON, .notUTF8, .notAnObject, .tooDeep, .missingItem, .badItem, .tooLongID,
        .badAvailable, .wrongKey, .unknownCodec,
    ]
}

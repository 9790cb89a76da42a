/// Why one record cannot be learnt: a value, made without allocation; the text is built when somebody reads it.
public struct Rejection: Error, Sendable, Hashable {
    /// What was found, in smaller steps than the code; most of them go with a byte offset.
    enum Finding: UInt8, Sendable {
        case none, expectedValue, expectedKey, expectedColon, expectedCommaOrBrace, expectedCommaOrBracket
        case badNumber, badLiteral, controlCharacter, badEscape, loneSurrogate, badUTF8, unfinished, trailing, deep
        case inUser, inItem, inType, inTime, inKey
    }

    public let code: RejectionCode
    let finding: Finding
    let offset: UInt32

    /// One that names no place in the bytes.
    public init(_ code: RejectionCode) {
        self.init(code, .none, 0)
    }

    @inline(__always)
    init(_ code: RejectionCode, _ finding: Finding, _ offset: Int) {
        self.code = code
        self.finding = finding
        self.offset = UInt32(truncatingIfNeeded: offset)
    }

    /// One line for a person: the text of the header `freshet.detail`.
    public var detail: String {
        switch finding {
        case .none: code.meaning
        case .expectedValue: "byte \(offset): a value was expected"
        case .expectedKey: "byte \(offset): a key in double quotes was expected"
        case .expectedColon: "byte \(offset): a colon was expected"
        case .expectedCommaOrBrace: "byte \(offset): a comma or } was expected"
        case .expectedCommaOrBracket: "byte \(offset): a comma or ] was expected"
        case .badNumber: "byte \(offset): not a number"
        case .badLiteral: "byte \(offset): neither true, false nor null"
        case .controlCharacter: "byte \(offset): a control character inside a string"
        case .badEscape: "byte \(offset): an unknown escape inside a string"
        case .loneSurrogate: "byte \(offset): half a surrogate pair"
        case .badUTF8: "byte \(offset): not valid UTF-8"
        case .unfinished: "byte \(offset): the value ends too early"
        case .trailing: "byte \(offset): something follows the object"
        case .deep: "byte \(offset): more than \(ObjectScanner.depthMax) levels of nesting"
        case .inUser: "in user_id, byte \(offset): \(code.meaning)"
        case .inItem: "in product_id, byte \(offset): \(code.meaning)"
        case .inType: "in event_type, byte \(offset): \(code.meaning)"
        case .inTime: "in event_time, byte \(offset): \(code.meaning)"
        case .inKey: "in the key, byte \(offset): not valid UTF-8"
        }
    }
}

internal import ServiceKit

/// What a route answers.
public struct HTTPResponse: Sendable {
    public var status: Int
    public var contentType: String
    public var body: [UInt8]
    /// Further headers.
    public var headers: [(name: String, value: String)] = []

    public init(status: Int = 200, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// JSON that has been encoded already.
    public static func json(_ body: [UInt8], status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, contentType: "application/json", body: body)
    }

    /// A JSON object of texts, in the order given.
    public static func json(status: Int = 200, _ fields: KeyValuePairs<String, String>) -> HTTPResponse {
        let members = fields.map { "\(jsonString($0)):\(jsonString($1))" }
        return json(Array("{\(members.joined(separator: ","))}\n".utf8), status: status)
    }

    /// An error: a stable code for programs, a sentence for people.
    public static func error(_ status: Int, _ code: String, _ message: String) -> HTTPResponse {
        json(status: status, ["error": code, "message": message])
    }
}

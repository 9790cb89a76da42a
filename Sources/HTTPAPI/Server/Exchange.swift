/// One request between its first bytes and the end of its reply. Only the server thread of its connection touches it.
final class Exchange {
    /// Of the body so far.
    var bodyBytes = 0
    var contentLengths = 0
    var transferEncodings = 0
    /// Whether the last of them says `chunked` and nothing else.
    var isChunked = false
    /// Whether the name of a field is none, such as one with a blank before its colon.
    var hasOddName = false
    var declaredBytes: UInt64 = 0

    /// What is wrong with the head, and is answered at once: libmicrohttpd takes some heads that two programs in a row can read
    /// differently (request smuggling; RFC 9112, sections 5.1, 6.1 and 6.3).
    func checkFraming() -> String? {
        if hasOddName { return "the name of a field is not a token" }
        if contentLengths > 1 { return "more than one Content-Length" }
        if contentLengths > 0, transferEncodings > 0 { return "Content-Length beside Transfer-Encoding" }
        if transferEncodings > 1 { return "more than one Transfer-Encoding" }
        if transferEncodings > 0, !isChunked { return "no Transfer-Encoding but chunked is taken" }
        return nil
    }
}

internal import CMicroHTTPD
internal import Foundation

// libmicrohttpd's callbacks. They are file-scope constants because a closure written inside a function of a global
// actor is checked for that actor when C calls it on another thread, and that check ends the process.

private func core(_ context: UnsafeMutableRawPointer?) -> ServerCore {
    Unmanaged<ServerCore>.fromOpaque(context!).takeUnretainedValue()
}

/// Called for a request's head, then for each piece of its body, then once more when it is whole.
let accessCallback: MHD_AccessHandlerCallback = { context, connection, url, method, _, _, uploadSize, state in
    guard let connection, let url, let method, let uploadSize, let state else { return .NO }
    let core = core(context)
    guard let known = state.pointee else {
        let exchange = core.begin()
        let retained = Unmanaged.passRetained(exchange)
        state.pointee = retained.toOpaque()
        MHD_get_connection_values_n(connection, .HEADER_KIND, headCallback, retained.toOpaque())
        // A reply at this point closes the connection, which is right for what follows.
        if let problem = exchange.checkFraming() {
            return core.send(.error(400, "bad_request", problem), on: connection)
        }
        if exchange.declaredBytes > UInt64(core.limits.bodyBytesMax) {
            return core.send(core.tooLarge(), on: connection)
        }
        return .YES
    }
    let exchange = Unmanaged<Exchange>.fromOpaque(known).takeUnretainedValue()
    if uploadSize.pointee > 0 {
        let count = uploadSize.pointee
        uploadSize.pointee = 0
        return core.receive(count, for: exchange) ? .YES : .NO
    }
    let response = core.respond(exchange, method: String(cString: method), path: url)
    return core.send(response, on: connection)
}

/// Called for each header.
private let headCallback: MHD_KeyValueIteratorN = { context, _, key, keySize, value, valueSize in
    guard let context, let key else { return .YES }
    let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    if !isToken(UnsafeRawBufferPointer(start: key, count: keySize)) {
        exchange.hasOddName = true
    } else if keySize == 14, strncasecmp(key, "content-length", 14) == 0 {
        exchange.contentLengths += 1
        // libmicrohttpd has checked that it is a number.
        if let value { exchange.declaredBytes = UInt64(String(cString: value)) ?? 0 }
    } else if keySize == 17, strncasecmp(key, "transfer-encoding", 17) == 0 {
        exchange.transferEncodings += 1
        exchange.isChunked = valueSize == 7 && value.map { strncasecmp($0, "chunked", 7) } == 0
    }
    return .YES
}

/// Whether these bytes may name a field (RFC 9110, section 5.6.2).
private func isToken(_ name: UnsafeRawBufferPointer) -> Bool {
    !name.isEmpty
        && name.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }
}

/// Called for a request's line, before its headers. What it returns becomes the request's state, which is made with the head.
let lineCallback:
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, OpaquePointer?) -> UnsafeMutableRawPointer? = {
        context, _, connection in
        if let connection { core(context).arriving(connection) }
        return nil
    }

let completedCallback: MHD_RequestCompletedCallback = { context, connection, state, _ in
    guard let connection, let known = state?.pointee else { return }
    state?.pointee = nil
    Unmanaged<Exchange>.fromOpaque(known).release()
    core(context).finish(connection)
}

let connectionCallback: MHD_NotifyConnectionCallback = { context, connection, state, event in
    guard let connection, let state else { return }
    let core = core(context)
    if event == .CONNECTION_NOTIFY_STARTED {
        state.pointee = Unmanaged.passRetained(core.opened(connection)).toOpaque()
    } else if let known = state.pointee {
        state.pointee = nil
        core.connections.remove(Unmanaged<ConnectionTable.Entry>.fromOpaque(known).takeRetainedValue())
    }
}

/// Leaves `%XX` alone: the library's own decoding would cut a path at `%00` and hide `%2F`.
let unescapeCallback: @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<CChar>?) -> Int = {
    _, _, text in
    text.map { strlen($0) } ?? 0
}

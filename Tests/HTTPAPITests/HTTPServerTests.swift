import Foundation
import HTTPAPI
import Synchronization
import Testing

@Suite struct HTTPServerTests {
    func makeServer(
        limits: HTTPLimits = HTTPLimits(), ready: @escaping @Sendable () -> Readiness = { .ready }
    ) throws -> HTTPServer {
        let snapshots = Snapshots(
            recommendations: { $0 == "stranger" ? nil : Array("{\"user_id\":\"\($0)\"}".utf8) },
            related: { Array("{\"item\":\"\($0)\"}".utf8) }, userFeatures: { _ in nil }, itemFeatures: { _ in [] },
            popular: { () throws(SnapshotUnavailable) in
                guard case .ready = ready() else { throw SnapshotUnavailable("not yet") }
                return Array("{\"items\":[]}".utf8)
            })
        var router = Router.standard(snapshots: snapshots, readiness: ready, metrics: { Array("x_total 1\n".utf8) })
        router.on("POST", "/taken") { _ in HTTPResponse(contentType: "text/plain", body: Array("taken".utf8)) }
        router.on("GET", "/slow") { _ in
            usleep(200_000)
            return .json(["slow": "done"])
        }
        signal(SIGPIPE, SIG_IGN)
        return try HTTPServer(
            listen: ListenAddress(host: "127.0.0.1", port: 0), router: router, limits: limits)
    }

    @Test func theStandardRoutesAnswer() throws {
        let state = Mutex(Readiness.notReady(reason: "restoring", detail: "partition 3 at 45%"))
        let server = try makeServer(ready: { state.withLock { $0 } })
        let client = Client(port: server.address.port)
        // One connection for all: it is kept alive.
        #expect(client.get("/health")?.body == "{\"status\":\"ok\"}\n")
        let notReady = client.get("/ready")
        #expect(notReady?.status == 503)
        #expect(
            notReady?.body
                == "{\"status\":\"not_ready\",\"reason\":\"restoring\",\"detail\":\"partition 3 at 45%\"}\n")
        state.withLock { $0 = .ready }
        #expect(client.get("/ready")?.status == 200)
        let metrics = client.get("/metrics")
        #expect(metrics?.body == "x_total 1\n")
        #expect(metrics?.head.contains("Content-Type: text/plain; version=0.0.4") == true)
        let list = client.get("/recommendations/u%2F1%20%22")
        #expect(list?.body == "{\"user_id\":\"u/1 \"\"}" && list?.head.contains("application/json") == true)
        #expect(client.get("/related/7")?.body == "{\"item\":\"7\"}")
        #expect(client.get("/features/users/7")?.status == 404)
        #expect(client.get("/features/items/7")?.body == "")
        let stranger = client.get("/recommendations/stranger")
        #expect(stranger?.status == 404)
        #expect(
            stranger?.body
                == "{\"error\":\"not_found\",\"message\":\"no list for user 'stranger' on this instance; "
                + "/popular is for strangers\"}\n")
        #expect(client.get("/popular")?.body == "{\"items\":[]}")
        #expect(client.get("/popular?n=3")?.status == 200 && client.get("/popular/x")?.status == 404)
        state.withLock { $0 = .notReady(reason: "restoring", detail: "") }
        let early = client.get("/popular")
        #expect(early?.status == 503 && early?.head.contains("Retry-After: 1") == true)
        state.withLock { $0 = .ready }
        #expect(client.get("/nothing")?.body == "{\"error\":\"not_found\",\"message\":\"no such path\"}\n")
        let wrong = client.get("/health", method: "DELETE")
        #expect(wrong?.status == 405 && wrong?.head.contains("Allow: GET, HEAD") == true)
        let head = client.get("/recommendations/7", method: "HEAD")
        #expect(head?.status == 200 && head?.head.contains("Content-Length: 15") == true)
        #expect(client.get("/recommendations/%00")?.body == "{\"user_id\":\"\0\"}")
        #expect(client.get("/recommendations/%zz")?.status == 400)
        #expect(client.get("http://x/health")?.status == 200)
        #expect(client.get("HTTPS://x:1/related/http://x?q=/")?.status == 404)
        #expect(client.get("http://x/related/7?q=/")?.body == "{\"item\":\"7\"}")
        #expect(client.get("http://x")?.status == 404)
        #expect(server.connectionCount == 1)
    }

    @Test func bodiesAreReadAndDroppedUpToTheLimit() throws {
        var limits = HTTPLimits()
        limits.bodyBytesMax = 1_000
        let server = try makeServer(limits: limits)
        let client = Client(port: server.address.port)
        client.send("POST /taken?b=1&a=%zz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel")
        usleep(20_000)
        client.send("lo")
        #expect(client.receive()?.body == "taken")
        client.send("POST /taken HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        #expect(client.receive()?.body == "taken")
        let chunk = "1f4\r\n" + String(repeating: "a", count: 500) + "\r\n"
        client.send(
            "POST /taken HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)\(chunk)\(chunk)0\r\n\r\n")
        #expect(client.receive()?.status == 413)
        client.send("POST /taken HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n")
        #expect(client.receive()?.status == 413)
        let endless = Client(port: server.address.port)
        endless.send("POST /taken HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<20 { endless.send(chunk) }
        #expect(endless.isClosed())
        #expect(Client(port: server.address.port).get("/health?a=%zz")?.status == 200)
    }

    @Test(arguments: [
        "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: many\r\n\r\nabc",
        "Content-Length : 3\r\n\r\nabc",
        "Content-Length\t: 3\r\n\r\nabc",
        "Content-Length: 3\r\nTransfer-Encoding : chunked\r\n\r\nabc",
        "X(Y): 1\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ])
    func framingThatTwoReadersReadDifferentlyIsRefused(rest: String) throws {
        let server = try makeServer()
        let client = Client(port: server.address.port)
        client.send("POST /taken HTTP/1.1\r\nHost: x\r\n\(rest)")
        let reply = client.receive()
        #expect(reply?.status == 400)
        #expect(client.isClosed())
    }

    @Test func longHeadsAreRefused() throws {
        let server = try makeServer()
        let client = Client(port: server.address.port)
        let reply = client.get("/health", headers: "X-Long: \(String(repeating: "x", count: 40_000))\r\n")
        #expect(reply?.status == 431)
        #expect(Client(port: server.address.port).get("/health")?.status == 200)
    }

    @Test(arguments: [0, 2]) func aTricklingRequestIsCut(after requests: Int) throws {
        var limits = HTTPLimits()
        limits.requestMillisecondsMax = 200
        let server = try makeServer(limits: limits)
        let trickling = Client(port: server.address.port)
        for _ in 0..<requests { #expect(trickling.get("/health")?.status == 200) }
        let start = ContinuousClock.now
        trickling.send("GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        var pieces = 0
        while pieces < 500, trickling.send("x") {
            pieces += 1
            usleep(10_000)
        }
        #expect(start.duration(to: .now) < .seconds(3))
        #expect(trickling.receive() == nil)
        #expect(Client(port: server.address.port).get("/health")?.status == 200)
    }

    @Test func oneAddressDoesNotKeepTheOthersOut() throws {
        var limits = HTTPLimits()
        limits.connectionsMax = 6
        limits.connectionsOfAddressMax = 4
        let server = try makeServer(limits: limits)
        let waiting = (0..<8).map { _ in
            let client = Client(port: server.address.port)
            client.send("GET /health HTTP/1.1\r\nHost: x\r\n")
            return client
        }
        #expect(waiting.dropFirst(4).allSatisfy { $0.isClosed() })
        #expect(Client(port: server.address.port, from: "127.0.0.2").get("/health")?.status == 200)
        waiting[0].send("\r\n")
        #expect(waiting[0].receive()?.status == 200)
    }

    @Test func manyRequestsOverManyConnections() throws {
        let server = try makeServer()
        let port = server.address.port
        let wrong = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 10) { worker in
            let client = Client(port: port)
            for index in 0..<100 {
                let user = "\(worker)-\(index)"
                if client.get("/recommendations/\(user)")?.body != "{\"user_id\":\"\(user)\"}" {
                    wrong.wrappingAdd(1, ordering: .relaxed)
                }
            }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
        server.stop()
    }

    @Test func drainingLosesNoReply() throws {
        let server = try makeServer()
        let port = server.address.port
        let (answered, atWork, lost, ended) = (Counter(), Counter(), Counter(), DispatchGroup())
        for _ in 0..<8 {
            ended.enter()
            Thread.detachNewThread {
                var isFirst = true
                let client = Client(port: port)
                // As a client of HTTP/1.1 has to: it goes on until it is told that the connection ends.
                while true {
                    guard let reply = client.get("/recommendations/1") else {
                        lost.add()
                        break
                    }
                    answered.add()
                    if isFirst { atWork.add() }
                    isFirst = false
                    if reply.head.contains("Connection: close") { break }
                }
                ended.leave()
            }
        }
        let slow = Client(port: port)
        // A connection that the kernel has taken, but not the server, is lost with the listening socket.
        while atWork.value < 8 || answered.value < 200 { usleep(1_000) }
        slow.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        usleep(50_000)
        let start = ContinuousClock.now
        server.stop()
        #expect(start.duration(to: .now) < .seconds(3))
        #expect(slow.receive()?.body == "{\"slow\":\"done\"}\n")
        #expect(ended.wait(timeout: .now() + 10) == .success)
        #expect(lost.value == 0)
        #expect(!Client(port: port).isConnected)
        server.stop()
    }

    @Test func stoppingWaitsNoLongerThanItsDeadline() throws {
        let server = try makeServer()
        let half = Client(port: server.address.port)
        half.send("POST /taken HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe")
        usleep(20_000)
        let start = ContinuousClock.now
        server.stop(deadlineMilliseconds: 100)
        #expect(start.duration(to: .now) < .seconds(2))
        #expect(half.isClosed())
    }

    @Test func theProbeReportsTheStatus() throws {
        let server = try makeServer(ready: { .notReady(reason: "restoring", detail: "") })
        #expect(HTTPProbe.status(of: "/health", at: server.address) == 200)
        #expect(HTTPProbe.status(of: "/ready", at: ListenAddress(host: "", port: server.address.port)) == 503)
        let start = ContinuousClock.now
        #expect(HTTPProbe.body(of: "/health", at: server.address)?.isEmpty == false)
        #expect(HTTPProbe.status(of: "/slow", at: server.address, timeoutMilliseconds: 50) == nil)
        #expect(start.duration(to: .now) < .seconds(2))
        server.stop()
        #expect(HTTPProbe.status(of: "/health", at: server.address) == nil)
    }

    /// No host means all interfaces, of both families where there are two.
    @Test func anEmptyHostIsEveryAddress() throws {
        let router = Router.standard(
            snapshots: Snapshots(
                recommendations: { _ in nil }, related: { _ in nil }, userFeatures: { _ in nil },
                itemFeatures: { _ in nil }, popular: { [] }), readiness: { .ready }, metrics: { [] })
        let server = try HTTPServer(listen: ListenAddress(":0"), router: router)
        let hasIPv6 = (try? HTTPServer(listen: ListenAddress("[::1]:0"), router: router)) != nil
        for host in ["", "127.0.0.1", "localhost"] + (hasIPv6 ? ["::", "::1"] : []) {
            let address = ListenAddress(host: host, port: server.address.port)
            #expect(HTTPProbe.status(of: "/health", at: address) == 200, "\(address)")
        }
    }

    @Test func aTakenAddressIsAClearError() throws {
        let server = try makeServer()
        let error = try #require(throws: HTTPServerError.self) {
            try HTTPServer(listen: server.address, router: Router())
        }
        #expect(error.code == .bind)
        #expect(error.message == "cannot listen on \(server.address): Address already in use")
    }
}

private final class Counter: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .relaxed) }
    func add() { count.wrappingAdd(1, ordering: .relaxed) }
}

@main
struct SottoSim {
    static func main() {}
}

namespace Billing.Broker;

/// <summary>What the command line asks for.</summary>
internal abstract record Arguments
{
    public const string Usage =
        """
        Billing.Broker --address-file <path>

        An embedded Kafka broker for a first run and for tests: in memory, on a free port of 127.0.0.1, with
        the topics of Billing.Contracts and their partition counts. It keeps at most 5 MiB per partition,
        makes any other topic on first use, and knows no admin requests.

          --address-file <path>   where it writes its address (host:port) once it listens; removed at its end
          --help                  this text

        SIGTERM or Ctrl-C stops it.
        """;

    public static Arguments Parse(IReadOnlyList<string> arguments) => arguments switch
    {
        ["--help" or "-h" or "-?"] => new Help(),
        ["--address-file", { Length: > 0 } path] => new Run(Path.GetFullPath(path)),
        ["--address-file", ..] => new Wrong("--address-file takes one path."),
        [] => new Wrong("--address-file <path> is missing."),
        [var first, ..] => new Wrong($"'{first}' is not an option."),
    };

    public sealed record Run(string AddressFile) : Arguments;
    public sealed record Help : Arguments;
    public sealed record Wrong(string Sentence) : Arguments;

    private Arguments() { }
}

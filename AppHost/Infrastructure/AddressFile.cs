using Aspire.Hosting.ApplicationModel;

namespace Billing.AppHost.Infrastructure;

/// <summary>Where the embedded broker says that it listens; a value that is known once it does.</summary>
internal sealed class AddressFile(string path) : IValueProvider, IManifestExpressionProvider
{
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(50);

    public string Path { get; } = path;

    public string ValueExpression => "{kafka.address}";

    /// <summary>The address, or null while no broker listens.</summary>
    public string? Read()
    {
        try
        {
            return File.ReadAllText(Path).Trim() is { Length: > 0 } address ? address : null;
        }
        catch (IOException)
        {
            return null; // not there, or there no more
        }
    }

    /// <summary>A broker that was killed has left its address behind.</summary>
    public void Forget() => File.Delete(Path);

    public async ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (Read() is { } address) return address;
            await Task.Delay(pause, cancellationToken);
        }
    }
}

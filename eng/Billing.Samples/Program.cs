using Billing.LocalTools;
using Billing.Samples.Chaos;
using Billing.Samples.Demo;
using Billing.Samples.Feeding;
using Billing.Samples.Loading;

using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    interrupted.Cancel();
};
try
{
    return args switch
    {
        ["send", .. var given] => await SendFile.Run(new(given), Console.Out, interrupted.Token),
        ["start", .. var given] => await Start.Run(new(given), Console.Out, interrupted.Token),
        ["demo", .. var given] => await OneMonth.Run(new(given), Console.Out, interrupted.Token),
        ["chaos", .. var given] => await Storm.Run(new(given), Console.Out, interrupted.Token),
        _ => throw new PreparationFailed("this program is run by ./billing, which names what to do."),
    };
}
catch (PreparationFailed stopped)
{
    Console.Error.WriteLine($"billing: {stopped.Message}");
    return 1;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("billing: interrupted.");
    return 130;
}

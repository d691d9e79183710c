using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Host;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>How much of its life the eMMC has left, in its own words.</summary>
internal static class FlashWearCheck
{
    private const double WarnAbovePercent = 80;
    private const double FailAbovePercent = 90;

    private const string Save = "Back up the state directory now. Move what writes much to an SSD, and replace the module or start it from another disk.";

    public static CheckOutcome Run(string root)
    {
        IReadOnlyList<FlashWear> devices = FlashWear.Find(root);
        if (devices.Count == 0) return CheckOutcome.Skip("no eMMC that tells about its wear");

        FlashWear worst = devices[0];
        foreach (FlashWear device in devices)
        {
            if (Wear(device) > Wear(worst)) worst = device;
        }

        // The device counts in steps of ten: it says "80" for anything from 70 to 80 percent.
        double? used = worst.UsedPercent;
        string text = used is not { } most ? $"{worst.Name} does not tell its age"
            : most > 100 ? $"{worst.Name} is past its rated life"
            : string.Create(CultureInfo.InvariantCulture, $"{worst.Name} has used {most - 10:0} to {most:0} % of its rated life");
        CheckOutcome outcome =
            worst.Reserve >= 2 ? CheckOutcome.Fail(FailureClass.Storage, $"{worst.Name} has used {(worst.Reserve == 2 ? "most" : "nearly all")} of its spare blocks; it will soon be read-only", Save).Because(text)
            : used > FailAbovePercent ? CheckOutcome.Fail(FailureClass.Storage, text, Save)
            : used > WarnAbovePercent ? CheckOutcome.Warn(FailureClass.Storage, text, "Plan its replacement, and find what writes so much with `sudo iotop -ao`.")
            : CheckOutcome.Pass(text);
        return used is { } percent ? outcome.With("usedPercent", percent) : outcome;
    }

    // A reserve that is used up weighs more than any age.
    private static double Wear(FlashWear device) => ((device.Reserve ?? 0) * 1000) + (device.UsedPercent ?? 0);
}

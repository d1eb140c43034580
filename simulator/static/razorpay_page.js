// On the pages of the second gateway's checkout: tells the embedding page, or posts the return form by itself.
(function () {
  "use strict";
  const told = document.body.dataset;
  function tell(event, payload) {
    window.parent.postMessage({ source: "razorpay-simulator", event: event, payload: payload }, told.origin);
  }
  if (told.origin && window.parent !== window) {
    window.addEventListener("keydown", function (event) { if (event.key === "Escape") tell("escape"); });
    if (told.event) tell(told.event, JSON.parse(told.payload || "{}"));
  } else if (told.event) {
    const form = document.getElementById("return");
    if (form) form.submit();
  }
})();

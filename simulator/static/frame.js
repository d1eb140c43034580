// Last page of a checkout that runs in a frame: tells the embedding page that it is over.
window.parent.postMessage({ source: "cashfree-simulator", event: "finished" }, document.body.dataset.origin);
